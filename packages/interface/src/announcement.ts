import type { PeerName, SwarmId } from './block.js'
import type { HaveDelta } from './have-map.js'

/** How much a peer can give: 0 nothing, 1 a phone, 2 a desktop, 3 a server. */
export type CapacityClass = 0 | 1 | 2 | 3

/**
 * Where a peer is, as far as it says: two peers with the same site and region are likely behind one public address, two with the same
 * region alone likely near. Hashes over the swarm and the network's prefix, so short that thousands of addresses share each: no address
 * follows from them. A hint, and no more: anybody can say anything.
 */
export interface Locality {
  /** 12 bits. */
  readonly site: number
  /** 8 bits. */
  readonly region: number
}

/** A peer's compact word to its swarm over gossipsub, ≤ 1 KiB on the wire. Decides whom to connect to, never what to ask for. */
export interface Announcement {
  readonly peer: PeerName
  readonly swarm: SwarmId
  /** Whole segments held, coarse: short runs are left out when they do not fit. */
  readonly have: HaveDelta
  readonly capacity: CapacityClass
  /** Share of the content held, 0 to 1. */
  readonly share: number
  /** Addresses to dial, at most 3. */
  readonly addrs: readonly string[]
  /** Rises with every announcement of this peer. */
  readonly sequence: number
  /** Seconds that it stays valid. */
  readonly ttl: number
  /** The swarm is divided into 2^depth cells, as this peer sees it. @default 0 */
  readonly depth?: number | undefined
  /** @default none */
  readonly locality?: Locality | undefined
}

/** What a peer says of itself; the rest is the announcer's. */
export type Description = Omit<Announcement, 'peer' | 'swarm' | 'sequence' | 'ttl' | 'depth'>

export type AnnouncementEvent =
  | { type: 'announcement', announcement: Announcement }
  /** Malformed or absurd: the signer's fault. */
  | { type: 'rejected', from: PeerName, swarm: SwarmId, reason: string }
  /** More came than is passed on, from many names: `dropped` since the last time. Told once a minute. */
  | { type: 'shed', swarm: SwarmId, dropped: number }
  /** The swarm is divided anew, as far as this peer is concerned: its place is among 2^depth cells. */
  | { type: 'cell', swarm: SwarmId, depth: number }
  /** An announcement, a head or a purge of ours could not be sent; the next one is sent at its time. */
  | { type: 'unpublished', swarm: SwarmId, reason: string }

/** What becomes of a head or a purge heard over gossipsub: it is passed on, or not, though nobody is to blame. */
export type GossipVerdict = 'accept' | 'ignore'

/** @throws ManifestError when it is bad: the publisher's fault, or that of whoever has its key */
export type Judge = (bytes: Uint8Array) => Promise<GossipVerdict>

export interface Availability {
  start (listener: (event: AnnouncementEvent) => void): Promise<void>
  stop (): Promise<void>
  /** Subscribe to a swarm's topic; `describe` is asked whenever an announcement is due. */
  join (swarm: SwarmId, describe: () => Description): void
  /** Hear the heads that a live content's publisher gives out; each is passed on as `judge` says. */
  follow (swarm: SwarmId, publisher: PeerName, judge: Judge): void
  /** Give out a head of ours, in a swarm that we follow. */
  head (swarm: SwarmId, head: Uint8Array): void
  /** Hear what a content's publisher purges; each list is passed on as `judge` says. */
  followPurges (swarm: SwarmId, publisher: PeerName, judge: Judge): void
  /** Give out a purge of ours, in a swarm whose purges we follow. */
  purge (swarm: SwarmId, purge: Uint8Array): void
  /** Ends `join`, `follow` and `followPurges`. */
  leave (swarm: SwarmId): void
  /** Something worth telling happened (first segment held, complete): announce soon, within the interval's bounds. */
  hasten (swarm: SwarmId): void
  /** Estimated number of peers in the swarm, from announcements heard; at least 1. */
  swarmSize (swarm: SwarmId): number
  /** How this peer's swarm is divided. @default it is not */
  cell? (swarm: SwarmId): SwarmCell
}

/** A cell of a swarm: those peers of a large swarm that hear each other's announcements. */
export interface SwarmCell {
  /** What its members are found by in the DHT: the swarm itself while that is not divided. */
  readonly rendezvous: SwarmId
  /** Estimated number of peers in it, ourselves included. */
  readonly size: number
  /** Whether that peer is in it, too. */
  readonly has: (peer: PeerName) => boolean
}
