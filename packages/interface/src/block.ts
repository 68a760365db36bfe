/** A peer id in its text form (`12D3Koo…`, base58btc). Only the libp2p packages know more of it. */
export type PeerName = string

/** Names a swarm on the wire and in routing: 32 bytes as lower-case hex. */
export type SwarmId = string

/** What a block must hash to. */
export interface BlockRef {
  /** SHA-256 of the bytes: 32 bytes. */
  readonly digest: Uint8Array
  /** Exact length in bytes; `undefined` only for a manifest root that was never seen (then at most 256 KiB). */
  readonly size?: number | undefined
}

declare const verified: unique symbol

/**
 * Bytes whose SHA-256 has been checked against `digest`. Made only by `verifyBlock` and `hashBlock` of `@shoal/content`; the only thing
 * that a store takes and a server sends. Nothing hashes it again, and nobody may write to `bytes`.
 */
export interface VerifiedBlock {
  readonly [verified]: true
  /** SHA-256 of `bytes`: 32 bytes. */
  readonly digest: Uint8Array
  /** 1 to 262,144 bytes. */
  readonly bytes: Uint8Array
}
