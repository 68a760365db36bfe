/** What an origin is asked for. `end` is exclusive; without `start` and `end` the whole path. */
export interface OriginRequest {
  /** Path in the content; appended to the base. */
  readonly path: string
  readonly start?: number | undefined
  readonly end?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface OriginReply {
  /** Bytes of exactly the range asked for, as they come. Throws `OriginError` when the body is short, long or breaks off. */
  readonly body: AsyncIterable<Uint8Array>
  /** HTTP status (200 or 206). */
  readonly status: number
  readonly contentType: string | undefined
  /** The URL that answered. */
  readonly url: string
}

/** How long an origin took, ms from the request to the first byte and to the last. */
export interface OriginTimes {
  readonly first: number
  readonly last: number
}

/** One content's origins in the order of their health. Unverified bytes: whoever takes them verifies them. */
export interface Origin {
  /** Base URLs, each ending in `/` (or the URL of a single file). */
  readonly bases: readonly string[]
  /** Tries the healthiest base first and the others after it. @throws OriginError when none answers */
  fetch (request: OriginRequest): Promise<OriginReply>
  /** Somebody else has asked it for so many bytes, as a player does before the content is open: that counts in `stats`. */
  saw (bytes: number, took: OriginTimes): void
  /** Smoothed bytes per second and time to first byte in ms, `undefined` before the first answer. */
  readonly stats: { readonly rate: number | undefined, readonly ttfb: number | undefined, readonly failures: number }
  /** All bases failed lately: asking is unlikely to help before this time (ms on the node's clock); 0 when healthy. */
  readonly downUntil: number
}
