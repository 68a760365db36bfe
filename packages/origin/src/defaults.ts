/** Time from the request to the response's headers. */
export const HEADERS_TIMEOUT_MS = 10_000

/** A base without an answer for so many times its usual time to the first byte, and for this long at least, is not waited for alone. */
export const HEDGE_FACTOR = 4
export const HEDGE_MIN_MS = 1_000

/** Longest time in which a body that is read may bring less than `MIN_PROGRESS_BYTES`. */
export const PROGRESS_TIMEOUT_MS = 10_000

/** About 1 kB a second: below it even a thumbnail takes longer than anybody waits. */
export const MIN_PROGRESS_BYTES = 10_000

/** A base that fails rests for a second, twice as long after each further failure, and never for longer than a minute. */
export const BACKOFF_MIN_MS = 1000
export const BACKOFF_MAX_MS = 60_000

/** A base may ask for a longer rest by `Retry-After`, up to five minutes. */
export const RETRY_AFTER_MAX_MS = 300_000

/** A missing path says little about its base; so many in a row without a success do. */
export const MISSING_IN_A_ROW = 3

/** Bytes that are read for nothing to reach the asked range in the body of a base that ignores ranges. */
export const MAX_SKIP_BYTES = 16 * 1024 * 1024

/** Weight of the newest sample in the smoothed rate and time to first byte. */
export const STATS_WEIGHT = 0.3

/** What Node.js calls a connection that the other side closed: undici's own code for the end, the system's for a reset. */
export const CLOSED_CODES: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
