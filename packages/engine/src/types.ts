import type {
  Availability, BlockRef, BlockStore, CapacityClass, ContentEvents, ContentStats, Duty, Exchange, HaveMap, Mode, Origin, OriginTimes,
  Overlay, PeerHint, PeerName, PeerProfile, PeerStatus, PurgedError, ReadOptions, Routing, SaveOptions, Segment, Sharing, SwarmId,
  TenantKey, UploadStatus, VerifiedBlock
} from '@shoal/interface'
import type { Clock, Random } from '@shoal/base'
import type { OpenedManifest, Purge, verifyBlock } from '@shoal/content'
import type { Ledger } from '@shoal/ledger'
import type { CreateLive } from './live-part.js'
import type { Affordable } from './mode.js'

/** Reports an event by its public name; the details are those of `ContentEvents`. */
export type Emit = <K extends keyof ContentEvents>(name: K, detail: ContentEvents[K]['detail']) => void

/** What a node may use. Each has its default, with the reason, in `defaults.ts`. */
export interface EngineLimits {
  /** Peers of one swarm that the node looks for. */
  readonly peersPerSwarm: number
  /** Sessions of the node, all swarms together. */
  readonly sessions: number
  /** Dials under way at the same time. */
  readonly dials: number
}

/** What a node gives. Can be set anew while it runs. */
export interface UploadLimits {
  /** Bytes per second to all peers together; 0: nothing but manifests. */
  readonly rate: number
  /** Peers served at the same time; 0: nothing but manifests. */
  readonly slots: number
  /** Bytes per calendar month (UTC). */
  readonly monthly: number
  /** Make room for other traffic on the uplink. */
  readonly yield: boolean
}

export interface EngineInit {
  readonly self: PeerName
  readonly limits?: Partial<EngineLimits> | undefined
  readonly upload?: Partial<UploadLimits> | undefined
  readonly capacity: CapacityClass
  /** Copies of each segment that the node helps to keep; 0: it has no caching duty. @default 0 */
  readonly replication?: number | undefined
  /** What the user allows at first. @default 'full' */
  readonly sharing?: Sharing | undefined
  /** What is known to be purged of a content that is not open. @default nothing */
  readonly purgeOf?: ((swarm: SwarmId) => Promise<Uint8Array | undefined>) | undefined
  /** Seconds that fetched blocks are kept at most, however long their publisher would have them kept. @default unlimited */
  readonly ttl?: number | undefined
  /** A token of our own for the content with this link; empty when there is none. Asked whenever one is needed. */
  readonly token?: ((link: string) => Promise<string>) | undefined
}

/** What a have-map may hold: segments and blocks of a manifest, or a live content's, whose segments may have any number. */
export type HaveBounds = { readonly segments: number, readonly blocks: number } | { readonly live: true }

/** Where the node is, in words that never leave it: peers with the same words are near each other. */
export interface Surroundings {
  /** What a public address, or a private network's prefix, says: the same for all behind it. */
  readonly site?: string | undefined
  /** What the operator says, or the prefix of a provider's network. */
  readonly region?: string | undefined
}

/** What the node knows of addresses; text multiaddrs throughout. */
export interface AddressBook {
  /** Nobody can dial this node for want of a relay. @default it needs none */
  lacksRelay? (): boolean
  /** Where this node is, as far as is known by now. @default nothing is known */
  surroundings? (): Surroundings
  /** Our own, as others can dial them: the first three are those worth telling where there is no room for more. */
  own (): readonly string[]
  /** Those of a peer that one whose connection comes from `to` can dial, and may know. */
  of (peer: PeerName, to: string): Promise<readonly string[]>
  /** The ones among these that this node can and may dial. */
  usable (addrs: readonly string[]): readonly string[]
  /**
   * The ones among these that may be dialled on the word of somebody whose connection comes from `teller`, or of nobody in particular (DHT,
   * announcements): a stranger must not point this node at hosts of its own network.
   */
  heard (addrs: readonly string[], teller: string | undefined): readonly string[]
  /** Is there a connection to this peer, whatever for? */
  connected (peer: PeerName): boolean
}

/** Where what tenants took back outlives the node. */
export interface RevocationRecords {
  load (tenant: TenantKey): Promise<string | undefined>
  save (tenant: TenantKey, list: string): Promise<void>
}

export interface EngineComponents {
  readonly clock: Clock
  readonly random: Random
  readonly exchange: Exchange
  readonly availability: Availability
  readonly routing: Routing
  readonly store: BlockStore
  readonly ledger: Ledger
  readonly addresses: AddressBook
  readonly revocations?: RevocationRecords | undefined
  readonly createHaveMap: (bounds: HaveBounds | undefined) => HaveMap
  /** Makes verified blocks of what origins give. The simulator knows all blocks that there are. @default verifyBlock of `@shoal/content` */
  readonly verify?: typeof verifyBlock | undefined
  /** Events that belong to no single content. */
  readonly emit: Emit
}

export interface SwarmOpening {
  readonly swarm: SwarmId
  readonly link: string
  readonly mode: Mode
  /** @default 'auto' */
  readonly overlay?: Overlay | undefined
  /** Which content it is: digest of the manifest's root, or a live one. */
  readonly of: { readonly root: Uint8Array } | { readonly live: CreateLive }
  readonly origin: (manifest: OpenedManifest) => Origin | undefined
  /** Our token, where it was needed before. */
  readonly token?: string | undefined
  /** Peers to ask first. */
  readonly hints: readonly PeerHint[]
  /** When it is known already, published here or stored: the signature of the root, or the head. */
  readonly head?: Uint8Array | undefined
  readonly emit: Emit
  /** What of it is known to be purged. */
  readonly purge?: Purge | undefined
  /**
   * Another list counts, and is to be recorded. Resolves with what takes back pins: it gets the blocks in the store that this list names
   * and the one before did not, and of a content that is purged as a whole those of the manifest. They are deleted then, unless something
   * else needs them, or has them pinned.
   */
  readonly purged?: ((purge: Purge) => Promise<(blocks: readonly BlockRef[]) => void>) | undefined
  /** All of it was purged: it is to be closed. */
  readonly ended?: ((error: PurgedError) => void) | undefined
}

/** Where a whole content goes, block by block, when that is not the store: files. */
export interface ContentSink {
  has (segment: number, block: number): boolean
  /** Resolves when the block is written. @throws StoreFullError, StoreError */
  write (segment: number, block: number, bytes: VerifiedBlock): Promise<void>
}

/** What the publisher of a content takes back. */
export interface OpenPurging {
  /** All of it. */
  readonly current: Purge | undefined
  /** Why this segment is not to be had, if it is purged. */
  fault (segment: Segment): PurgedError | undefined
  /**
   * Gives out the next list of a content that is published here and whose manifest is known. Resolves when it is carried out here.
   *
   * @throws ManifestError when it is bad
   */
  issue (purge: Uint8Array): Promise<void>
}

/** One content at work in the engine. */
export interface OpenSwarm {
  readonly swarm: SwarmId
  readonly link: string
  readonly stats: ContentStats
  /** Bytes held, of those known to be held. */
  readonly held: number
  readonly duty: Duty
  /** Known copies of the rarest segment; `undefined` where nobody looks after them. */
  readonly copies: number | undefined
  /**
   * Resolves with the verified manifest as soon as a peer or the store gave it.
   *
   * @throws NotFoundError, ManifestError, UnauthorisedError
   */
  manifest (signal?: AbortSignal): Promise<OpenedManifest>
  /** The next head of a live content that is published here. @throws ManifestError */
  update (head: Uint8Array): Promise<void>
  readonly purging: OpenPurging
  /** Others may have of it what is held here. */
  readonly sharing: boolean
  /** Peers that may be in the swarm, beside those known. */
  suggested (peers: readonly PeerHint[]): void
  read (segment: Segment, options: ReadOptions): AsyncGenerator<Uint8Array, void, undefined>
  /** Bytes of a segment from elsewhere: what is right of them is kept and shared. Resolves with how many were new. */
  offer (segment: Segment, start: number, bytes: Uint8Array): Promise<number>
  /** Somebody else got so many bytes from the origin. */
  saw (bytes: number, took: OriginTimes): void
  /** Everything into `sink`, or into the store without one. Resolves when it is there. */
  complete (sink: ContentSink | undefined, options: SaveOptions): Promise<void>
  /** Counts in what the store holds already. Resolves when all pages have been looked at. */
  scan (): Promise<void>
  close (): void
}

export interface Engine {
  start (): Promise<void>
  stop (): Promise<void>
  open (opening: SwarmOpening): OpenSwarm
  /** Contents in mode `auto` share no more than the device can afford, and say the reason; until this is called, everything. */
  afford (affordable: Affordable): void
  /** No content shares more than the user allows. */
  setSharing (user: Sharing): void
  readonly sharing: Sharing
  /**
   * Takes a tenant's list of what is revoked: who is in it is put out, and the others hear of it. Returns whether it was newer.
   *
   * @throws TokenError no tenant signed it
   */
  revoke (list: string): Promise<boolean>
  /** The store evicted or lost blocks: have-maps are compared with it soon. */
  storeLost (): void
  /** Changes what the node gives; what is not named stays. */
  setUpload (limits: Partial<UploadLimits>): void
  readonly upload: UploadStatus
  /**
   * Bytes for somebody who is no peer of a swarm, under the limits that peers have, and behind them: resolves when they may go. `false`
   * when nothing is given.
   */
  lend (to: string, bytes: number, signal: AbortSignal): Promise<boolean>
  readonly peers: readonly PeerStatus[]
  readonly profile: PeerProfile
}
