/**
 * The words of the exchange protocol: its id, the frames that its streams are cut into, the messages in them and every hard limit.
 * Bytes in, messages out and back; no I/O and no state but a reader's. `doc/protocol.md` has the layouts in tables.
 *
 * What comes from the network is hostile: a decoder throws `WireError` and nothing else, looks at a length before it keeps a byte, and
 * passes over frame types and trailing fields that it does not know.
 *
 * ```ts
 * const reader = new FrameReader(MAX_FRAME_BYTES, { control: (header, payload) => handle(decodeMessage(header, payload)), … })
 * stream.addEventListener('message', event => reader.push(event.data))
 * stream.send(encodeMessage({ type: 'ping', nonce: 1 }))
 * ```
 *
 * @packageDocumentation
 */

/** Protocol id of both streams of a session. */
export const EXCHANGE_PROTOCOL = '/shoal/exchange/1.0.0'

/** Version in the HELLO of this code, and the lowest that it still talks to. */
export const EXCHANGE_VERSION = 1
export const EXCHANGE_MIN_VERSION = 1

/** Feature of a HELLO: SUBSCRIBE is understood. Used where both ends name it. */
export const FEATURE_SUBSCRIBE = 1

export { FrameReader, type FrameHeader, type FrameSink } from './frame.js'
export { encodeMessage, encodeDataHeader, splitHead, splitPex, splitRevoked } from './encode.js'
export { decodeMessage } from './decode.js'
export { splitHave } from './have.js'
export {
  FRAME_HEADER_BYTES, DATA_HEADER_BYTES, MAX_FRAME_BYTES, MAX_WEBRTC_FRAME_BYTES, MIN_FRAME_CAP_BYTES, MAX_BLOCK_BYTES, MIN_CREDIT_BYTES,
  MAX_CREDIT_BYTES, MAX_BLOCKS_PER_MESSAGE, MAX_QUEUED_BLOCKS, MAX_SUBSCRIBED_BLOCKS, MAX_SWARMS, MAX_TOKEN_BYTES, MAX_HEAD_BYTES,
  MAX_HAVE_BYTES, MAX_PURGE_BYTES, MAX_BITS_BYTES, MAX_PEX_PEERS, MAX_ADDRS_PER_PEER, MAX_ADDR_BYTES, MAX_PEER_BYTES, MAX_REASON_BYTES
} from './limits.js'
export type {
  Message, SwarmHandle, Hello, Join, JoinRefused, Have, Fetching, Request, Subscribe, Refuse, Cancel, Credit, Head, Purge, Revoked, Pex,
  Ping, Goodbye,
  DataHeader
} from './types.js'
