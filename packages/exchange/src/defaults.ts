import { MAX_BLOCK_BYTES } from '@shoal/wire'

/** Largest receive window of one session: stays under the 4 MiB that a libp2p stream buffers before it aborts. */
export const MAX_WINDOW_BYTES = 3.5 * 1024 * 1024

/** Credit in a HELLO. */
export const FIRST_CREDIT_BYTES = 1024 * 1024

/** Least `stats.window`: one block under way while another is verified. */
export const MIN_WINDOW_BYTES = 2 * MAX_BLOCK_BYTES

/** Both HELLOs must have passed by then. */
export const HANDSHAKE_MS = 10_000

/** What a graceful close may take before the connection is aborted. */
export const CLOSE_MS = 1000

/** A session that hears nothing for this long pings. */
export const IDLE_PING_MS = 60_000

/** Ping while requests are outstanding. */
export const BUSY_PING_MS = 5000

/** A ping without any sign of life for this long ends the session. */
export const PONG_MS = 30_000

/** No progress for less than this is never called stalled, and a factor on the time in which the next bytes were expected. */
export const STALL_MIN_MS = 1000
export const STALL_FACTOR = 8

/** The same of a peer that has sent nothing yet: behind a full uplink its first bytes may be lost twice. */
export const STALL_FIRST_MS = 2000

/** Longest pause between two `stalled` events while a stall lasts. */
export const STALL_REPEAT_MAX_MS = 30_000

/** Control bytes that may wait for a peer that does not read; beyond, the session is closed. */
export const MAX_CONTROL_BACKLOG_BYTES = 1024 * 1024

/** Control taken from one peer, in points: one a frame, and one for each so many bytes of its payload. 200 MB/s take about 2,000. */
export const CONTROL_POINTS_PER_SECOND = 5000
export const CONTROL_POINTS_BURST = 10_000
export const CONTROL_POINT_BYTES = 128

/** A peer that takes nothing of the blocks it asked for in this time is not worth a slot. */
export const UNREAD_MS = 30_000

/** A stream that takes what it was handed within this is handed twice as much the next time, up to a block; a slower one half of it. */
export const BURST_MS = 10

/** Blocks read from the store ahead of the one that is being sent. */
export const READ_AHEAD_BLOCKS = 3

/** Blocks asked for and not yet here; beyond, `request` refuses them itself as `busy`. */
export const MAX_OUTSTANDING_BLOCKS = 1024

/** A subscription to a block that has not come by then is refused: whoever was to bring it has failed. */
export const SUBSCRIPTION_MS = 10_000

/** Messages about a swarm kept while `admit` makes up its mind. */
export const MAX_HELD_MESSAGES = 256

/** Streams of this protocol that one connection may carry each way by the registrar; the session itself takes two and reports a third. */
export const MAX_STREAMS = 4

/** A relay that lets less through, bytes per connection, is there for signalling. Those of libp2p allow 128 KiB unless told otherwise. */
export const RELAYED_CONTENT_BYTES = 1024 * 1024
