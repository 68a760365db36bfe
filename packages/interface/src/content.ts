import type { TypedEventTarget } from 'main-event'
import type { Mode, Overlay } from './options.js'
import type { ContentEvents } from './events.js'
import type { ManifestSummary, Segment } from './manifest.js'
import type { OriginTimes } from './origin.js'
import type { Policy } from './policy.js'

export interface ReadOptions {
  /** First byte. @default 0 */
  start?: number | undefined
  /** Byte after the last. @default the segment's size */
  end?: number | undefined
  signal?: AbortSignal | undefined
  /** When the bytes are needed: ms from now. Without it they are bulk: fetched in the order that serves the swarm. */
  deadline?: number | undefined
}

export interface OfferOptions {
  /** First byte. @default 0 */
  start?: number | undefined
  signal?: AbortSignal | undefined
  /** How long the origin took for all of them: a node that has asked it for nothing yet need not guess. @default unknown */
  took?: OriginTimes | undefined
}

export interface OpenOptions {
  /** More origins beside those of the manifest or the link, tried in order. @default [] */
  origins?: readonly string[] | undefined
  /** @default the node's mode */
  mode?: Mode | undefined
  /** How new blocks come to this node: others get theirs as they choose. @default 'auto' */
  overlay?: Overlay | undefined
  signal?: AbortSignal | undefined
}

export interface PublishOptions {
  /** Base URL where the same paths can be fetched over HTTP. */
  origin?: string | undefined
  /** Copy the bytes into the store instead of serving them from where they lie. @default false */
  copy?: boolean | undefined
  /** What is asked of those who have it, signed with the manifest. @default nothing */
  policy?: Policy | undefined
  /** @default the name of the file or folder */
  name?: string | undefined
  /**
   * Follow the HLS playlists or MPDs that are being written into a folder, or served at a URL, until the stream ends. The link is then
   * `shoal:<publisher key>/<name>`, and always the same; bytes are copied into the store, which keeps them as long as they are listed.
   *
   * @default false
   */
  live?: boolean | undefined
  signal?: AbortSignal | undefined
  /** Bytes hashed so far, of all. */
  onprogress?: ((done: number, total: number) => void) | undefined
}

export interface Published {
  readonly link: string
  /** CID of the manifest; of a live content, that of its window as it was then. */
  readonly manifest: string
  /** CID of the UnixFS file or directory; empty for a live content. */
  readonly root: string
  readonly segments: number
  readonly bytes: number
  readonly content: Content
}

export interface SaveOptions {
  signal?: AbortSignal | undefined
  /** Bytes verified and on disk so far, of all; of a live content, whose end nobody knows, of `Infinity`. */
  onprogress?: ((done: number, total: number) => void) | undefined
}

export interface ContentStats {
  /** Verified bytes by where they came from. */
  readonly fromPeers: number
  readonly fromOrigin: number
  /** Bytes that were there already: in the store, or in the file to resume. */
  readonly fromStore: number
  /** Block bytes sent to peers. */
  readonly uploaded: number
  /** Bytes that arrived for nothing: duplicate, cancelled, corrupt. */
  readonly wasted: number
  /** Verified bytes by peer. */
  readonly peers: Readonly<Record<string, number>>
  /** Peers in the swarm with a session now, and the estimated size of the swarm. */
  readonly connected: number
  readonly swarmSize: number
}

/** An open content: a verified manifest and the swarm behind it. */
export interface Content extends TypedEventTarget<ContentEvents> {
  readonly link: string
  readonly summary: ManifestSummary
  /** What the publisher asks of those who have it. */
  readonly policy: Policy
  readonly stats: ContentStats
  /** All segments in path order; of a live content those of its window at this moment, the oldest first. */
  segments (): AsyncIterable<Segment>
  /**
   * With a `deadline`, ms from now, what a live content's next head may name is waited for, in no more than half of that time.
   *
   * @throws NotFoundError when the manifest has no such path
   * @throws PurgedError when its publisher has taken it back
   * @throws UnavailableError when nobody gives the part of the manifest that would say
   */
  stat (path: string, options?: Pick<ReadOptions, 'signal' | 'deadline'>): Promise<Segment>
  /**
   * Verified bytes of one segment, in order, as they come. Of a live content's playlist, those of its newest version.
   *
   * @throws NotFoundError no such path
   * @throws PurgedError its publisher has taken it back
   * @throws RetiredError it left the window of a live content before it was there
   * @throws UnavailableError no source has it and there is no origin
   */
  read (path: string, options?: ReadOptions): AsyncIterable<Uint8Array>
  /**
   * Give bytes that the caller got from the origin past Shoal, as a player does that begins before the content is open: from `start` of the
   * segment on. Whole blocks of it that hash to what the publisher signed are kept, and others can have them from here; all else is
   * dropped. Resolves with how many bytes were new.
   *
   * @throws NotFoundError, PurgedError, UnavailableError as `stat` does
   */
  offer (path: string, bytes: Uint8Array, options?: OfferOptions): Promise<number>
  /**
   * Fetch everything into the store. Resolves when it is complete.
   *
   * @throws ConfigError a live content, which is never complete
   * @throws PurgedError its publisher has taken back some of it
   */
  fetchAll (options?: SaveOptions): Promise<void>
  /**
   * Node.js: fetch everything into `out` and seed it from there. What lies there already is verified and kept. A live content is recorded
   * into a folder until it ends: what its playlists list from now on, and HLS playlists of all that, which play at any time; in the same
   * folder another call goes on with it.
   *
   * @throws UnavailableError a live content that ended with nothing listed
   */
  save (out: string, options?: SaveOptions): Promise<void>
  /** End this handle and what was asked of it; the last handle of a content leaves the swarm. What is stored stays. */
  close (): Promise<void>
}
