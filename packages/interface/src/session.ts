import type { BlockRef, PeerName, SwarmId, VerifiedBlock } from './block.js'
import type { HaveDelta } from './have-map.js'

/** `turn`: WebRTC through a TURN server, as far as this end knows. */
export type Transport = 'tcp' | 'quic' | 'ws' | 'webrtc' | 'webrtc-direct' | 'turn' | 'relay' | 'memory'

/** The way between two peers: a connection of their own by TCP, WebRTC or WebSockets, or a TURN server or another node between them. */
export type Route = 'direct' | 'webrtc-direct' | 'webrtc' | 'websocket' | 'turn' | 'relay'

/** Why a request, a join or a block was refused. Explicit, so that nobody waits for a timeout. */
export type RefuseReason = 'not-found' | 'busy' | 'choked' | 'unauthorised' | 'retired' | 'not-joined'

/** Why a peer lost score or was shut out. */
export type PenaltyReason =
  'corrupt-block' | 'protocol-violation' | 'stalled' | 'false-have' | 'spam' | 'bad-head' | 'bad-purge' | 'bad-announcement'

/** A peer as peer exchange names it. */
export interface PeerHint { readonly peer: PeerName, readonly addrs: readonly string[] }

export interface SessionStats {
  /** Smoothed round-trip time in ms, `undefined` before the first measurement. */
  readonly rtt: number | undefined
  /** Verified bytes received and block bytes sent since the session opened. */
  readonly received: number
  readonly sent: number
  /** Bytes that arrived but were cancelled, duplicate or corrupt. */
  readonly wasted: number
  /** Bytes asked for and not yet here. */
  readonly outstanding: number
  /** Smoothed delivery rate, bytes per second. */
  readonly rate: number
  /** Bytes of our requests that keep the link busy: about two bandwidth-delay products. */
  readonly window: number
}

/** One protocol session over one connection. All sending is synchronous and bounded; a closed session ignores calls. */
export interface Session {
  /** Unique in this process. */
  readonly id: number
  readonly peer: PeerName
  /** Of WebRTC it may change between `webrtc` and `turn`. */
  readonly transport: Transport
  /** It goes through a relay that is for signalling. Content goes through others, but only for want of a better way. */
  readonly limited: boolean
  readonly direction: 'inbound' | 'outbound'
  /** Multiaddr of the other end. */
  readonly remoteAddr: string
  readonly closed: boolean
  readonly stats: SessionStats

  /** Say that we are in a swarm, with what we hold. The other end answers with its own JOIN or a refusal. */
  join (swarm: SwarmId, init: { token?: string | undefined, have: HaveDelta, head?: Uint8Array | undefined }): void
  /** We are in it no longer: the other end hears that, and that its JOIN is refused. Whoever hears a `leave` does not answer it. */
  leave (swarm: SwarmId): void
  /** Show another token in a swarm that we joined: the membership goes on. */
  renew (swarm: SwarmId, token: string): void
  /** The peer may not be in the swarm any more: all that it asked for is refused, and it hears why. We stay in it until we leave. */
  expel (swarm: SwarmId, reason: RefuseReason): void
  have (swarm: SwarmId, delta: HaveDelta): void
  /** "I am getting this segment from the origin": others may wait for it. */
  fetching (swarm: SwarmId, segment: number): void
  /** Our current signed head or envelope, whenever it changes. */
  head (swarm: SwarmId, head: Uint8Array): void
  /** What of the content its publisher has purged. In the swarm or not: a JOIN may be refused because of it. */
  purge (swarm: SwarmId, purge: Uint8Array): void
  /** The tenant's newest list of revoked tokens. */
  revoked (swarm: SwarmId, list: string): void
  choke (swarm: SwarmId): void
  unchoke (swarm: SwarmId): void
  pex (swarm: SwarmId, peers: readonly PeerHint[]): void

  /**
   * Ask for blocks of one segment. Each block ends in exactly one event: `block`, `refused`, or, when the session closes, `closed` names
   * it in `lost`. `refs[i]` belongs to `blocks[i]`. A block that is outstanding already is not asked for twice.
   */
  request (swarm: SwarmId, segment: number, blocks: readonly number[], refs: readonly BlockRef[]): void
  /** The peer takes subscriptions. */
  readonly pushes: boolean
  /**
   * Ask for blocks that the peer is about to get, which it sends as soon as it has them. Each ends in one event as with `request`, which
   * may be called for the same blocks once the peer says that it holds them. Until then, or until its first byte comes, none of them counts
   * as outstanding: a peer is not slow because it does not have a block yet.
   */
  subscribe (swarm: SwarmId, segment: number, blocks: readonly number[], refs: readonly BlockRef[]): void
  /** We have this block now: the peer gets it, before all else that it waits for, if it has subscribed to it. */
  arrived (swarm: SwarmId, segment: number, block: number): void
  /** Cancel outstanding blocks; what of them arrives all the same counts as wasted. No event follows. */
  cancel (swarm: SwarmId, segment: number, blocks: readonly number[]): void
  /** Says goodbye and closes the connection. */
  close (reason?: string): Promise<void>
}

export interface BlockPlace { readonly swarm: SwarmId, readonly segment: number, readonly block: number }

/** What a session tells its one listener, in order. */
export type SessionEvent =
  | { type: 'open', session: Session }
  /** The peer joined a swarm that we joined on this session or might join: `admit` let it in. */
  | { type: 'join', session: Session, swarm: SwarmId, have: HaveDelta, token: string | undefined }
  /** `admit` did not let the peer in, or not any more; it knows. */
  | { type: 'turned-away', session: Session, swarm: SwarmId }
  | { type: 'join-refused', session: Session, swarm: SwarmId, reason: RefuseReason }
  | { type: 'leave', session: Session, swarm: SwarmId }
  | { type: 'have', session: Session, swarm: SwarmId, delta: HaveDelta }
  | { type: 'fetching', session: Session, swarm: SwarmId, segment: number }
  | { type: 'head', session: Session, swarm: SwarmId, head: Uint8Array }
  /** In any swarm, whoever is in it. */
  | { type: 'purge', session: Session, swarm: SwarmId, purge: Uint8Array }
  /** A tenant's list of revoked tokens, as the peer has it. */
  | { type: 'revoked', session: Session, swarm: SwarmId, list: string }
  | { type: 'choke', session: Session, swarm: SwarmId }
  | { type: 'unchoke', session: Session, swarm: SwarmId }
  | { type: 'pex', session: Session, swarm: SwarmId, peers: readonly PeerHint[] }
  /** A verified block that we asked for. `ms`: from request to last byte. */
  | { type: 'block', session: Session, place: BlockPlace, block: VerifiedBlock, ms: number }
  | { type: 'refused', session: Session, place: BlockPlace, reason: RefuseReason }
  /** Outstanding requests have made no progress for too long. The blocks stay outstanding until cancelled. */
  | { type: 'stalled', session: Session, ms: number }
  /** A request of theirs came in or ended: the choker's view of demand. `queued`: their blocks waiting for us to send. */
  | { type: 'demand', session: Session, swarm: SwarmId, queued: number }
  /** Block bytes of ours handed to the transport for this peer. */
  | { type: 'sent', session: Session, swarm: SwarmId, bytes: number }
  | { type: 'penalty', session: Session, reason: PenaltyReason, detail: string }
  /** `goodbye`: the peer closed it in order, and has a reason not to be dialled again at once. */
  | { type: 'closed', session: Session, lost: readonly BlockPlace[], reason: string, goodbye: boolean }

/** What the serving side of a session asks of the node. Implemented by `engine`. */
export interface ServeHandler {
  /**
   * Called for each JOIN, before any have-map is sent back, and again when a peer that was admitted shows another token. `undefined`
   * admits; the token has been read, not judged.
   */
  admit (session: Session, swarm: SwarmId, token: string | undefined): Promise<RefuseReason | undefined>
  /** Is this peer choked in this swarm right now, for this segment? Called for each request. */
  choked (session: Session, swarm: SwarmId, segment: number): boolean
  /**
   * What becomes of a block that the peer subscribes to: it is here, it is on its way here and `arrived` will be called, or why not.
   */
  expects (place: BlockPlace, session: Session): 'held' | 'coming' | RefuseReason
  /**
   * The block, `retired` when its segment has left a live content's window or was purged, `unauthorised` when it is not for this peer, or
   * undefined when it is not held (the peer gets `not-found`). Rejects only when the store fails.
   */
  read (place: BlockPlace, session: Session): Promise<VerifiedBlock | 'retired' | 'unauthorised' | undefined>
  /** The upload scheduler: resolves when `bytes` may go to this peer. Returns `undefined` when they may go at once. */
  acquire (session: Session, bytes: number, signal: AbortSignal): Promise<void> | undefined
}

/** The exchange of a node: opens sessions and reports what they say. */
export interface Exchange {
  start (listener: (event: SessionEvent) => void, serve: ServeHandler): Promise<void>
  stop (): Promise<void>
  /** Dial (or reuse a connection) and open a session. `addrs` are multiaddrs that may help. */
  connect (peer: PeerName | undefined, addrs: readonly string[], options?: { signal?: AbortSignal }): Promise<Session>
  readonly sessions: Iterable<Session>
}
