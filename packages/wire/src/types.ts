import type { HaveDelta, PeerHint, RefuseReason, SwarmId } from '@shoal/interface'

/** A swarm on one session and in one direction: given by its sender's JOIN, 1 to 65,535. */
export type SwarmHandle = number

/** First frame of a control stream. */
export interface Hello {
  readonly type: 'hello'
  /** Highest version spoken, and the lowest still understood. */
  readonly version: number
  readonly minVersion: number
  /** Largest frame taken, header included, in bytes. */
  readonly frameCap: number
  /** Block bytes that the peer may send at once. */
  readonly credit: number
  /** Bit set of optional features; unknown bits mean nothing. */
  readonly features: number
}

/** A JOIN is followed by the sender's have-map in HAVE messages. */
export interface Join { readonly type: 'join', readonly handle: SwarmHandle, readonly swarm: SwarmId, readonly token: string | undefined }
/** `handle` is the refused peer's own. */
export interface JoinRefused { readonly type: 'join-refused', readonly handle: SwarmHandle, readonly reason: RefuseReason }
/** `more`: the have-map goes on in the next HAVE of this swarm. `bytes`: length of the payload it came in (0 when made here). */
export interface Have { readonly type: 'have', readonly handle: SwarmHandle, readonly delta: HaveDelta, readonly more: boolean, readonly bytes: number }
export interface Fetching { readonly type: 'fetching', readonly handle: SwarmHandle, readonly segment: number }
/** `id` rises with every REQUEST of its sender. */
export interface Request {
  readonly type: 'request', readonly handle: SwarmHandle, readonly id: number, readonly segment: number, readonly blocks: readonly number[]
}
/** As a REQUEST, and its id is one of theirs, of blocks that the receiver is about to get: it sends them as they come. */
export interface Subscribe {
  readonly type: 'subscribe', readonly handle: SwarmHandle, readonly id: number, readonly segment: number, readonly blocks: readonly number[]
}
export interface Refuse { readonly type: 'refuse', readonly id: number, readonly reason: RefuseReason, readonly blocks: readonly number[] }
export interface Cancel { readonly type: 'cancel', readonly id: number, readonly blocks: readonly number[] }
export interface Credit { readonly type: 'credit', readonly bytes: number }
/** `more`: the head goes on in the next HEAD of this swarm. */
export interface Head { readonly type: 'head', readonly handle: SwarmHandle, readonly bytes: Uint8Array, readonly more: boolean }
/** Names its swarm itself: whoever sends it need not be in it. */
export interface Purge { readonly type: 'purge', readonly swarm: SwarmId, readonly bytes: Uint8Array }
/** A tenant's list of revoked tokens. `more`: it goes on in the next REVOKED of this swarm. */
export interface Revoked { readonly type: 'revoked', readonly handle: SwarmHandle, readonly bytes: Uint8Array, readonly more: boolean }
export interface Pex { readonly type: 'pex', readonly handle: SwarmHandle, readonly peers: readonly PeerHint[] }
export interface Ping { readonly type: 'ping' | 'pong', readonly nonce: number }
export interface Goodbye { readonly type: 'goodbye', readonly reason: string }

/** Everything that travels on a control stream. */
export type Message =
  | Hello | Join | JoinRefused | Have | Fetching | Request | Subscribe | Refuse | Cancel | Credit | Head | Purge | Revoked | Pex | Ping
  | Goodbye
  | { readonly type: 'leave' | 'choke' | 'unchoke', readonly handle: SwarmHandle }

/** What stands before the bytes of a block in a DATA frame. */
export interface DataHeader {
  /** Of the REQUEST. */
  readonly id: number
  readonly block: number
  /** Where in the block the bytes of this frame belong. */
  readonly offset: number
  /** Length of the block. */
  readonly total: number
}
