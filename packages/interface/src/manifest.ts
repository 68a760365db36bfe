import type { BlockRef, PeerName, VerifiedBlock } from './block.js'
import type { Policy } from './policy.js'

/**
 * A segment as its manifest states it: what a player or an application asks for.
 * Segments are sorted by the UTF-8 bytes of their paths; `index` is the place in that order. In a live content it is a number that the
 * segment keeps as long as it is there, in the order in which they came.
 */
export interface Segment {
  readonly index: number
  /** Relative, `/`-separated, without `.` and `..`. */
  readonly path: string
  /** Bytes; 0 is possible, such a segment has no blocks. */
  readonly size: number
  /** CID of the segment (a `raw` block, or a UnixFS file over `raw` leaves), base32. */
  readonly cid: string
  /** How many blocks. */
  readonly blocks: number
  /**
   * Where each block begins, in bytes from the segment's start, and where the last ends: `blocks + 1` numbers. `undefined` when all blocks
   * are of 256 KiB but for the last.
   */
  readonly offsets?: Float64Array | undefined
  /** Seconds, for media segments. */
  readonly duration?: number | undefined
  /**
   * Path of the media playlist that lists it, for media segments; in DASH that of the MPD, `#`, and the id of the representation.
   */
  readonly rendition?: string | undefined
  /** A playlist of a live content, each version of which is a segment of its own. */
  readonly playlist?: boolean | undefined
}

/** The publisher's statement on a content that is verified as a whole by its CID. */
export interface ManifestSummary {
  /** CID of the root (DAG-CBOR), base32. */
  readonly cid: string
  /** Public key holder that signed it. */
  readonly publisher: PeerName
  /** What the publisher calls it: the name of the file or folder. */
  readonly name: string
  /** `file`: one segment that is the published file itself. */
  readonly kind: 'file' | 'directory'
  /** CID of the UnixFS file or directory, for the IPFS world. */
  readonly root: string
  readonly segments: number
  readonly blocks: number
  readonly bytes: number
  /** Pages that hold the segments. */
  readonly pages: number
  /** Of a live content: the rest tells of its window at this moment, `cid` is the window's, and `root` is empty. */
  readonly live?: LiveSummary | undefined
}

/** Which head of a live content counts, and what it says of the stream. */
export interface LiveSummary {
  /** Rises with each start of the publisher. */
  readonly epoch: number
  /** Rises with each head of an epoch. */
  readonly counter: number
  /** The stream is over: nothing comes after this. */
  readonly ended: boolean
  /** Longest duration of a segment in seconds: how often something new may be expected. */
  readonly target: number
}

/** Where a block of a manifest page or root comes from when it is not known yet. */
export type LoadBlock = (ref: BlockRef, at: ManifestBlock, signal?: AbortSignal) => Promise<VerifiedBlock>

/** Place of a block that belongs to the manifest itself: 0 is the root, n is page n − 1. Requested as segment `MANIFEST_SEGMENT`. */
export type ManifestBlock = number

/** The segment number under which a manifest's own blocks travel (root = block 0, page n = block n + 1). */
export type ManifestSegment = 0xffffffff

/**
 * A verified manifest whose pages load on demand. A method that is not async answers from pages already loaded and throws
 * `PageNotLoadedError` otherwise.
 */
export interface Manifest {
  readonly summary: ManifestSummary
  /** What the publisher asks of those who have it. */
  readonly policy: Policy
  /** The root itself, to store and to serve. */
  readonly root: VerifiedBlock
  /** libp2p signed envelope over the root's CID, to send along. */
  readonly envelope: Uint8Array
  readonly pageRefs: readonly BlockRef[]
  /** @throws NotFoundError when no segment has this path */
  find (path: string, signal?: AbortSignal): Promise<Segment>
  /** All segments in order; loads one page at a time. */
  segments (signal?: AbortSignal): AsyncIterable<Segment>
  segment (index: number, signal?: AbortSignal): Promise<Segment>
  /** Digest and size of one block of a segment. Its page must be loaded, `segment()` or `find()` have seen to that. */
  block (segment: number, block: number): BlockRef
  /** The pages that describe a segment; none of a live content. */
  pagesOf (segment: number): readonly BlockRef[]
  /** Loaded segment or undefined, without loading. */
  peek (segment: number): Segment | undefined
}
