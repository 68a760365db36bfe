import type { GossipSub } from '@libp2p/gossipsub'
import type { Clock, Random } from '@shoal/base'
import type { HaveMap, PeerName } from '@shoal/interface'
import type { Scores } from './scoring.js'

/** A content's counts, as its manifest states them. */
export interface HaveBounds {
  /** @default 1,048,576: the most that is believed before the manifest is known */
  readonly segments?: number | undefined
  /** Blocks of all segments together. @default 4,194,304: the most that is believed before the manifest is known */
  readonly blocks?: number | undefined
  /** Of a live content: few segments at a time, whose numbers may be anything. The other bounds do not matter then. @default false */
  readonly live?: boolean | undefined
}

/** A have-map that can be made before its content's manifest is known. */
export interface BoundedHaveMap extends HaveMap {
  /** The manifest is known now: forgets what lies outside, and refuses it from now on. Returns the segments it touched. */
  bound (bounds: HaveBounds): number[]
}

export interface AvailabilityInit {
  /** Peers of another network use other topics. */
  readonly network: string
  /**
   * Bytes per second that all announcements of one swarm may take of each peer's downlink, gossipsub's envelopes and copies included.
   *
   * @default 1500
   */
  readonly bytesPerSecond?: number | undefined
}

/** The part of gossipsub that announcements need. */
export interface PubSub extends Pick<GossipSub, 'subscribe' | 'unsubscribe' | 'publish' | 'getSubscribers' | 'topicValidators'> {
  /** Where it keeps scores: what is refused counts against who passed it on. @default nothing is held against anybody */
  readonly score?: Scores | undefined
  /** Tells what connected peers subscribe to, and by that how a large swarm is divided. @default who comes in learns it by listening */
  readonly addEventListener?: ((type: 'subscription-change', listener: (event: SubscriptionChange) => void) => void) | undefined
  readonly removeEventListener?: ((type: 'subscription-change', listener: (event: SubscriptionChange) => void) => void) | undefined
}

export interface SubscriptionChange {
  readonly detail: {
    readonly peerId: { toString (): PeerName }
    readonly subscriptions: readonly { readonly topic: string, readonly subscribe: boolean }[]
  }
}

export interface AvailabilityComponents {
  /** Started, with `gossipsubDefaults()` or stricter. */
  readonly pubsub: PubSub
  /** Our own, as a `PeerId` or as text. */
  readonly peerId: { toString (): PeerName }
  readonly clock: Clock
  readonly random: Random
}
