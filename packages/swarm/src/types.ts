import type { HaveDelta, HaveMap, Mode, PeerName } from '@shoal/interface'
import type { Clock, Random } from '@shoal/base'

/** Blocks `first` to `end` (exclusive) of a segment that somebody waits for. */
export interface Want {
  readonly segment: number
  readonly first: number
  readonly end: number
  /** When the bytes are needed, ms on the injected clock; `undefined`: bulk, in the order that serves the swarm. */
  readonly deadline: number | undefined
}

/** What the picker may know of the link to a peer, read at each decision. */
export interface PeerLink {
  /** Bytes of requests that keep the link busy. */
  readonly window: number
  /** Bytes asked for and not yet here. */
  readonly outstanding: number
  /** Measured delivery, bytes per second; 0 before the first delivery. */
  readonly rate: number
  /** ms, `undefined` before the first measurement. */
  readonly rtt: number | undefined
}

/** What the picker may know of the origin; `undefined` when there is none to ask. */
export interface OriginLink {
  /** Bytes per second, `undefined` before the first answer. */
  readonly rate: number | undefined
  /** Time to first byte in ms, `undefined` before the first answer. */
  readonly ttfb: number | undefined
  /** Not to be asked before this time (ms on the injected clock), 0 when healthy. */
  readonly downUntil: number
}

/** What the driver has to do. In the order given. */
export type SwarmAction =
  | { type: 'request', peer: PeerName, segment: number, blocks: readonly number[] }
  | { type: 'cancel', peer: PeerName, segment: number, blocks: readonly number[] }
  /** Have the peer send these as soon as it has them, and have it do so no more. */
  | { type: 'subscribe', peer: PeerName, segment: number, blocks: readonly number[] }
  | { type: 'unsubscribe', peer: PeerName, segment: number, blocks: readonly number[] }
  /** Fetch blocks `first` to `end` (exclusive) of a segment from the origin, in one HTTP request. */
  | { type: 'origin', segment: number, first: number, end: number, reason: 'no-peer' | 'deadline' | 'elected' | 'mode' | 'stalled' }
  | { type: 'cancel-origin', segment: number, first: number, end: number }
  /** Tell the neighbours that we get this segment from the origin. */
  | { type: 'fetching', segment: number }
  /** A block that a peer was asked for goes elsewhere: for events. */
  | {
    type: 'fallback', segment: number, from: 'peer' | 'origin', to: 'peer' | 'origin',
    reason: 'deadline' | 'stalled' | 'refused' | 'gone' | 'endgame' | 'mode' | 'origin-failed'
  }

export interface Decision {
  readonly actions: readonly SwarmAction[]
  /** Decide again at this time at the latest (ms on the injected clock), even if nothing happens; `undefined`: only on events. */
  readonly wakeAt: number | undefined
}

export interface SwarmInit {
  readonly self: PeerName
  readonly mode: Exclude<Mode, 'auto'>
  /** Names the content in rendezvous hashing: every peer must use the same. */
  readonly swarm: string
}

export interface SwarmComponents {
  readonly clock: Clock
  readonly random: Random
  /** What we hold: the driver adds to it before it calls `delivered` or `held`. */
  readonly have: HaveMap
  /** Bytes of a block. */
  readonly size: (segment: number, block: number) => number
  /** Blocks of a segment. */
  readonly blocks: (segment: number) => number
  readonly link: (peer: PeerName) => PeerLink
  readonly origin: () => OriginLink | undefined
  /** How near a peer says it is: the more the nearer, 0 where nobody knows. Of sources that are as good, the nearest is asked. */
  readonly nearness?: (peer: PeerName) => number
  /** Estimated number of peers in the swarm, at least 1, ourselves included. */
  readonly swarmSize: () => number
  /** Peers known to be in the swarm, as far as there are names: neighbours or not. */
  readonly known: () => Iterable<PeerName>
  /** Until when peers that are being looked for or dialled may join, ms on the injected clock; in the past when none is expected. */
  readonly expecting: () => number
  /** What of this segment comes is handed on at once to those who subscribe, instead of waiting to be asked for. @default nothing */
  readonly pushes?: ((segment: number) => boolean) | undefined
}

/**
 * One content's engine: a state machine with no I/O and no timers. The driver tells it what happened, asks `decide()` once after each batch
 * of events and at `wakeAt`, and carries out the actions. Every method is synchronous; nothing throws on peers' behaviour.
 */
export interface Swarm {
  /** Returns an id for `unwant`. Blocks held already do not count as wanted. */
  want (want: Want): number
  /** Nobody waits any more (read, aborted, sought away): what is outstanding for it alone is cancelled by the next decision. */
  unwant (id: number): void
  /** Peers or the origin are used from now on, or are not any more: what was asked of them goes elsewhere. */
  setMode (mode: Exclude<Mode, 'auto'>): void
  /** Moves a deadline, for players whose buffer changes. */
  redate (id: number, deadline: number | undefined): void

  /**
   * `have` is the peer's map, updated in place by the driver, which then calls `peerHave` with what changed. Peers start unchoked.
   *
   * @param pushes it takes subscriptions
   */
  peerJoined (peer: PeerName, have: HaveMap, pushes?: boolean): void
  peerLeft (peer: PeerName): void
  /**
   * @param delta what `have` took over, where the driver has it: then only the blocks it names are looked at, not the whole of `segments`,
   * which matters for a segment of tens of thousands of blocks
   * @returns by when to decide, ms on the injected clock: at once where a block that nobody was asked for may come from the peer, a
   * moment later where it could only take over what others were asked for, and all that is wanted has a deadline; `undefined` where no
   * decision would come out otherwise, for most of what neighbours get is here already
   */
  peerHave (peer: PeerName, segments: readonly number[], delta?: HaveDelta): number | undefined
  peerChoked (peer: PeerName, choked: boolean): void
  /** The peer gets this segment from the origin. @returns whether a decision may come out otherwise: most say what is known */
  peerFetching (peer: PeerName, segment: number): boolean

  /**
   * A verified block came (from whomever, even a second time), or the store had it. Duplicates still outstanding are cancelled by the next
   * decision.
   */
  delivered (segment: number, block: number, from: PeerName | 'origin' | 'store'): void
  refused (peer: PeerName, segment: number, block: number, reason: string): void
  /** The peer was asked for this and will not deliver it: session closed or block corrupt. */
  lost (peer: PeerName, segment: number, block: number): void
  stalled (peer: PeerName): void
  /** The segment has left a live content's window, and nobody wants it any more: what is remembered of it is forgotten. */
  retired (segment: number): void
  /** A block of ours is gone from the store. */
  dropped (segment: number, block: number): void
  /** An origin fetch ended; blocks of it that were not delivered are open again. `error` undefined: it ended well. */
  originDone (segment: number, first: number, end: number, error: 'failed' | 'mismatch' | undefined): void

  decide (): Decision
  /** The block is on its way here, and not from this peer: it may be promised to it. */
  awaits (segment: number, block: number, peer: PeerName): boolean
  /** A wanted block that no known source has and no origin may give, after looking: for error messages. `undefined` when there is none. */
  starving (): { readonly segment: number, readonly since: number } | undefined
}
