import type { RefusedDetail } from './access.js'
import type { PeerName } from './block.js'
import type { Mode, Sharing } from './options.js'
import type { PenaltyReason, Route, Transport } from './session.js'

export type SourceKind = 'peer' | 'origin' | 'store'

export interface SegmentSource {
  readonly kind: SourceKind
  /** Of a peer, and by which way its bytes came: one that changed it meanwhile is there once for each. */
  readonly peer?: PeerName | undefined
  readonly route?: Route | undefined
  readonly bytes: number
}

/** A segment (or the asked range of it) has been delivered to a reader. */
export interface SegmentDetail {
  /** Link of the content. */
  readonly content: string
  readonly path: string
  readonly bytes: number
  /** The largest of `sources`. */
  readonly source: SourceKind
  readonly sources: readonly SegmentSource[]
  /** From the call to the last byte. */
  readonly ms: number
  /** Why this source: `held`, `peers`, `no-peer`, `deadline`, `elected`, `mode`, `stalled`. */
  readonly reason: string
}

export interface FallbackDetail {
  readonly content: string
  readonly path: string
  readonly from: SourceKind
  readonly to: SourceKind
  /**
   * `deadline`: it would have been late. `stalled`: nothing came any more. `refused`: the peer said no. `gone`: the peer left, or was shut
   * out. `endgame`: an idle peer takes over at the end. `mode`: see that event. `origin-failed`, `mismatch`: the origin did not answer
   * well, or with other bytes.
   * From `fetch` also `no-peer`: nobody gave it, `purged`: its publisher has taken it back, and
   * `no-secure-context`: a page without WebCrypto.
   */
  readonly reason: string
}

/** What a publisher purged of a content is gone from this node. */
export interface PurgeDetail {
  readonly content: string
  /** All of the content, which is closed; then the lists are empty. */
  readonly all: boolean
  /** All that is purged by now, and not only what is new: paths of segments, of folders with a `/` at the end, and CIDs of segments. */
  readonly paths: readonly string[]
  readonly cids: readonly string[]
  readonly reason: string
  /** By which the last purge went. */
  readonly tag: string | undefined
  /** Bytes that were deleted here. */
  readonly bytes: number
}

/**
 * Why a connection was refused before anything was said over it. `banned`: the peer is shut out. `silent`: too many from its address, or
 * its /64 of IPv6, have not ended their handshake. `crowded`: too many at once, from its address or in all. `full`: the node has as many
 * connections as it may.
 */
export type ConnectionFault = 'banned' | 'silent' | 'crowded' | 'full'

/** Connections that were refused for one reason: the first, or all of the ten seconds since the last such event. */
export interface ConnectionsRefusedDetail {
  readonly reason: ConnectionFault
  readonly count: number
  /** The network that most of them came from: `192.0.2.0/24`, `2001:db8:0::/48`; `relay` where that does not show. */
  readonly from: string
}

/** What a node reports; `content` events are the same but for its own only. */
export interface ContentEvents {
  'segment': CustomEvent<SegmentDetail>
  'fallback': CustomEvent<FallbackDetail>
  /** What mode `auto` comes down to, when the manifest is known and whenever that changes; of other modes, what the user allows or not. */
  'mode': CustomEvent<{ readonly content: string, readonly mode: Mode, readonly sharing: Sharing, readonly reason: string }>
  /** The window of a live content moved: its CID, how many segments are new and gone, and whether the stream is over. */
  'manifest:update': CustomEvent<{
    readonly content: string, readonly manifest: string, readonly added: number, readonly retired: number, readonly ended: boolean
  }>
  'purge': CustomEvent<PurgeDetail>
  /** A session is there. `limited`: it goes through a relay that carries no content. */
  'peer:connect': CustomEvent<{
    readonly peer: PeerName, readonly transport: Transport, readonly route: Route, readonly limited: boolean, readonly addr: string,
    readonly direction: 'inbound' | 'outbound'
  }>
  'peer:disconnect': CustomEvent<{ readonly peer: PeerName, readonly reason: string }>
  'peer:penalty': CustomEvent<{ readonly peer: PeerName, readonly reason: PenaltyReason, readonly detail: string, readonly score: number }>
  /** A token did not count: a peer's for us, or ours for a peer. Nothing of the content goes between the two. */
  'peer:refused': CustomEvent<RefusedDetail>
  'store:withdrawn': CustomEvent<{ readonly path: string, readonly blocks: number, readonly reason: string }>
  'store:corrupt': CustomEvent<{ readonly where: string }>
  'error': CustomEvent<{ readonly error: Error, readonly doing: string }>
}

export interface ShoalEvents extends ContentEvents {
  /** Addresses that others can dial changed. */
  'address': CustomEvent<{ readonly addrs: readonly string[] }>
  /** At most one every ten seconds for each reason. */
  'connection:refused': CustomEvent<ConnectionsRefusedDetail>
}
