/**
 * A fragment is asked for this long before it has to be there: demuxing and appending take their time. Of a short one, as a part of a
 * low-latency stream is, at most this share of its duration: half a second would be half of all that there is.
 */
export const APPEND_MARGIN_MS = 500
export const APPEND_MARGIN_SHARE = 0.25

/** Init segments, playlists and anything without a place on the time line: needed now, but not before a peer could answer. */
export const PROMPT_DEADLINE_MS = 1_000

/**
 * Shoal knows deadlines and asks the origin itself when one draws near. Where it stays silent until this much is left, it has failed and
 * the loader asks the origin.
 */
export const LAST_RESORT_MS = 1_500

/** But it is given at least this long for its first bytes. */
export const PATIENCE_MS = 2_500

/** And this long for the next ones: they come in blocks of 256 KiB, four seconds at 0.5 Mbit/s. */
export const BLOCK_PATIENCE_MS = 6_000

/**
 * While the content is still being opened a fragment waits for it, as long as this much time (or half the duration, if longer) is
 * left to get it from the origin. So the beginning comes from the origin at once, and what only fills the buffer waits.
 */
export const ORIGIN_RESERVE_MS = 2_000

/** Less is left where the origin has shown that it is quick: so many times what it took last, but at least this. */
export const ORIGIN_RESERVE_TIMES = 4
export const ORIGIN_RESERVE_MIN_MS = 500

/** With its first fragment in hand a player is given this long to show it before a node starts beside it. */
export const FIRST_FRAME_MS = 1_500
export const FIRST_FRAME_POLL_MS = 50

/** All waiting for a content to open together ends after this. */
export const OPENING_PATIENCE_MS = 20_000

/** Fragments from the origin that wait for the content to open, to be shared: no more than these bytes. */
export const SHARED_MAX_BYTES = 16 * 2 ** 20

/** A content that failed to open is tried again after this. */
export const REOPEN_AFTER_MS = 10_000

/** Smoothing of the origin's measured rate: the weight of the newest fragment. */
export const RATE_WEIGHT = 0.3

/**
 * A delivery by peers is credited with at most this many times the fragment's own bit rate: enough to go up one rung of a common ladder
 * (× 2, by the factor of 0.7 that players take off), not enough to jump to the top on the strength of a neighbour or of memory.
 */
export const PEER_RATE_CEILING = 3

/** Time to the first byte that is reported for bytes that were there already. */
export const HELD_TTFB_MS = 10

/** How long a player that sets no limit waits for the last byte of the origin. */
export const ORIGIN_TIMEOUT_MS = 20_000
