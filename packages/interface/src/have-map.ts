/** A run of whole segments: `count` segments from `start` on. */
export interface SegmentRun { readonly start: number, readonly count: number }

/** Some blocks of one segment: bit n (least significant first) stands for block `first + n`; `first` is a multiple of 8. */
export interface PartialSegment { readonly segment: number, readonly first: number, readonly bits: Uint8Array }

/** What travels of a have-map: a snapshot of it, or what was added since. */
export interface HaveDelta {
  readonly complete: readonly SegmentRun[]
  readonly partial: readonly PartialSegment[]
  /** Segments that are no longer held. */
  readonly dropped?: readonly SegmentRun[] | undefined
}

/** Which blocks somebody holds of one content. Mutable, O(1) per block; sizes are bounded by the manifest's counts. */
export interface HaveMap {
  has (segment: number, block: number): boolean
  /** Every block of the segment is held. */
  complete (segment: number): boolean
  /** Some block of the segment is held. */
  some (segment: number): boolean
  /** `of`: the number of blocks in the segment. Returns whether this was new. */
  add (segment: number, block: number, of: number): boolean
  addSegment (segment: number): boolean
  /** One block is gone; `of` as for `add`. */
  remove (segment: number, block: number, of: number): boolean
  drop (segment: number): boolean
  /** Whole segments held. */
  readonly completeSegments: number
  /** Takes over what a peer said; returns the segments it touched. Throws nothing: what lies outside the bounds is left out. */
  apply (delta: HaveDelta): number[]
  snapshot (): HaveDelta
  /** What changed since the last call; `undefined` when nothing did. */
  takeDelta (): HaveDelta | undefined
}
