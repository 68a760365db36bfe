import type { TypedEventTarget } from 'main-event'
import type { PeerName } from './block.js'
import type { Content, OpenOptions, Published, PublishOptions, ReadOptions, SaveOptions } from './content.js'
import type { ShoalEvents } from './events.js'
import type { LedgerEntry, UploadStatus } from './ledger.js'
import type { ManifestSummary } from './manifest.js'
import type { Sharing, Size, UploadOptions } from './options.js'
import type { Duty, PeerProfile } from './profile.js'
import type { SessionStats, Transport } from './session.js'
import type { Collected } from './store.js'

export interface PeerStatus {
  readonly peer: PeerName
  readonly transport: Transport
  readonly addr: string
  readonly direction: 'inbound' | 'outbound'
  /** Links of the contents shared with this peer. */
  readonly contents: readonly string[]
  readonly stats: SessionStats
}

export interface NodeStatus {
  readonly peerId: PeerName
  readonly addrs: readonly string[]
  /** libp2p connections, whatever they serve. */
  readonly connections: number
  /** Seconds since the node started. */
  readonly uptime: number
  readonly store: { readonly used: number, readonly quota: number }
  readonly contents: readonly ContentStatus[]
  readonly peers: readonly PeerStatus[]
  /** What duties are decided by, beside uptime and store. */
  readonly profile: Pick<PeerProfile, 'capacity' | 'downRate' | 'upRate'>
  readonly upload: UploadStatus
  /** Since start. */
  readonly total: { readonly fromPeers: number, readonly fromOrigin: number, readonly uploaded: number, readonly wasted: number }
}

export interface ContentStatus {
  readonly link: string
  readonly name: string
  /** Of the whole content, and those held here. */
  readonly bytes: number
  readonly held: number
  /** Peers of its swarm with a session, and the estimated size of the swarm. */
  readonly connected: number
  readonly swarmSize: number
  readonly duty: Duty
  /** Known copies of its rarest segment, estimated in a large swarm; `undefined` where nobody looks after them. */
  readonly copies: number | undefined
}

export interface PurgeOptions {
  /** Paths of segments; with a `/` at the end all that is below that folder. @default none */
  paths?: readonly string[] | undefined
  /** CIDs of segments. @default none; without any of either all of the content */
  cids?: readonly string[] | undefined
  /** Why, for people: at most 256 characters. @default nothing */
  reason?: string | undefined
}

/** What was purged of one content. */
export interface PurgeResult {
  readonly link: string
  /** CID of the manifest; of a live content, that of its window as it was then. */
  readonly manifest: string
  readonly name: string
  /** All of the content; then the lists are empty. */
  readonly all: boolean
  /** What is purged of it by now, earlier purges included. */
  readonly paths: readonly string[]
  readonly cids: readonly string[]
}

/** A running node. */
export interface Shoal extends TypedEventTarget<ShoalEvents> {
  readonly peerId: PeerName
  /** Multiaddrs that others can dial, each with the peer id. */
  readonly addrs: readonly string[]
  /** Contents that are open, each by the handle that was given out first. What earlier runs published comes in soon after the start. */
  readonly contents: readonly Content[]
  readonly status: NodeStatus
  /** What the node remembers of each peer that gave it something, took something or misbehaved, as far back as its records go. */
  readonly ledger: readonly LedgerEntry[]
  /**
   * Change what the node gives from now on; what is not named stays as it is.
   *
   * @throws ConfigError
   */
  setUpload (options: UploadOptions): void
  /** What the user allows to be shared. */
  readonly sharing: Sharing
  /**
   * Changes what the user allows, for every content and at once: connections stay, and `off` ends all that is asked of peers or served to
   * them. It is the application that remembers it for the next visit. A content without an origin cannot be read while it is `off`.
   *
   * @throws ConfigError
   */
  setSharing (sharing: Sharing): void
  /**
   * Node.js: chunk, hash, sign, announce and seed a file or a folder where it lies. With `live` a folder, a playlist or its URL, in
   * browsers too.
   *
   * @throws PublishError when something in it cannot be read
   * @throws ConfigError when the policy asks for a token and this node has none, UnauthorisedError when nobody can judge what it asks for
   */
  publish (path: string, options?: PublishOptions): Promise<Published>
  /** Publish bytes that are not files: the way of a browser. Paths as in a manifest. */
  publishBytes (files: ReadonlyMap<string, Uint8Array>, options: PublishOptions & { name: string }): Promise<Published>
  /**
   * Find the content's swarm and verify its manifest. Each call gives a handle of its own; the swarm is left when the last one is closed.
   * A content that is open already keeps the mode and the origins it was opened with; close all its handles first to change them.
   *
   * @throws InvalidLinkError the link cannot be read
   * @throws ConfigError an origin is no http(s) URL
   * @throws NotFoundError nobody in reach gave it within 30 s; `signal` ends the search sooner
   * @throws UnauthorisedError its policy asks for what this node cannot show
   * @throws BootstrapError it is not known here and no bootstrap node can be reached
   * @throws UnavailableError the node is stopped
   * @throws ManifestError what was found is not what the publisher signed
   */
  open (link: string, options?: OpenOptions): Promise<Content>
  /** As the global `fetch`: URLs that an open content covers come from peers first, all others pass through. */
  fetch (input: string | URL | Request, init?: RequestInit & Pick<ReadOptions, 'deadline'>): Promise<Response>
  /**
   * Keeps a content: all of it is fetched into the store and stays there whatever else needs room, and it is seeded now and at every later
   * start. What was fetched before this fails or is aborted stays as well as there is room for it.
   *
   * @throws StoreFullError it does not fit; and all that `open` throws
   */
  pin (link: string, options?: OpenOptions & SaveOptions): Promise<ManifestSummary>
  /**
   * Takes back `pin`: the content is seeded no longer than somebody has it open, and makes room when others need it.
   *
   * @throws NotFoundError it is not pinned
   */
  unpin (link: string): Promise<ManifestSummary>
  /** Removes what has expired; with `keep` also what is least useful, until the store takes no more than that. Never what is pinned. */
  collect (options?: { keep?: Size | undefined }): Promise<Collected>
  /**
   * Takes back what this node published: all nodes that have the content open, or open it later, delete it, and neither serve nor fetch it
   * again. All of a content, or what `options` name; with a tag all of every content whose policy has it. Of a live content it is what is
   * there now, by CID: all of it is everything but the playlists.
   *
   * @throws UnauthorisedError somebody else published it
   * @throws NotFoundError it has no such path or CID, or nothing that is published here has the tag
   * @throws PurgedError it is purged already
   * @throws PublishError one purge list has no room for so much; and all that `open` throws
   */
  purge (what: string | { readonly tag: string }, options?: PurgeOptions): Promise<readonly PurgeResult[]>
  /**
   * Takes a tenant's list of revoked tokens and peers: who is in it gets nothing more here, and the other nodes with contents of that
   * tenant hear of it. Returns whether it was newer than what was known. It outlives the node where there is a data folder.
   *
   * @throws TokenError no tenant signed it
   */
  revoke (list: string): Promise<boolean>
  /** Closes contents, says goodbye to peers, closes the store. */
  stop (): Promise<void>
}
