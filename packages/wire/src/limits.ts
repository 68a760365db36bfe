/** Length of a frame's header. */
export const FRAME_HEADER_BYTES = 8

/** Length of the fields that stand before the bytes of the block in a DATA frame. */
export const DATA_HEADER_BYTES = 16

/** Largest frame, header included: fits one Noise record, so that control never waits long behind data. */
export const MAX_FRAME_BYTES = 60_000

/** Largest frame over WebRTC, header included: messages above 16 KiB make other implementations close the stream. */
export const MAX_WEBRTC_FRAME_BYTES = 16_000

/** Least frame cap that a HELLO may name: every message that is not split fits it. */
export const MIN_FRAME_CAP_BYTES = 8192

/** Largest block (DESIGN of the content: 256 KiB leaves). */
export const MAX_BLOCK_BYTES = 256 * 1024

/** Least credit that a HELLO may grant: two of the largest blocks, below which a sender could wait for ever. */
export const MIN_CREDIT_BYTES = 2 * MAX_BLOCK_BYTES

/** Most credit that a peer may hold at any time; anything above is an overflow, not a window. */
export const MAX_CREDIT_BYTES = 256 * 1024 * 1024

/** Blocks that one REQUEST, CANCEL or REFUSE names. */
export const MAX_BLOCKS_PER_MESSAGE = 1024

/** Blocks that one peer may have asked for and not been sent; beyond, they are refused as `busy`. */
export const MAX_QUEUED_BLOCKS = 2048

/** Blocks that one peer may have subscribed to and that are not here yet; beyond, they are refused as `busy`. */
export const MAX_SUBSCRIBED_BLOCKS = 256

/** Swarms that one peer may join on one session; beyond, a JOIN is refused as `busy`. */
export const MAX_SWARMS = 256

/** UTF-8 bytes of a token. */
export const MAX_TOKEN_BYTES = 4096

/** Bytes of a head, and of a list of revoked tokens, over all its frames. */
export const MAX_HEAD_BYTES = 64 * 1024

/** Bytes of a purge list: never split, it fits with its swarm's id into the least frame cap. */
export const MAX_PURGE_BYTES = 8_000

/** Payload bytes of a have-map, over all its frames: 64 Ki runs. */
export const MAX_HAVE_BYTES = 512 * 1024

/** Bytes of one bit field of a partial segment; longer ones are split. */
export const MAX_BITS_BYTES = 2048

/** Peers in one PEX message. */
export const MAX_PEX_PEERS = 32

/** Addresses of one peer in a PEX message. */
export const MAX_ADDRS_PER_PEER = 8

/** UTF-8 bytes of a multiaddr. */
export const MAX_ADDR_BYTES = 512

/** UTF-8 bytes of a peer id. */
export const MAX_PEER_BYTES = 128

/** UTF-8 bytes of the reason in a GOODBYE; longer ones are cut. */
export const MAX_REASON_BYTES = 256
