import type { Segment } from '@shoal/interface'
import { BLOCK_SIZE_BYTES } from './limits.js'

/** What says where the blocks of a segment lie. */
export type Blocks = Pick<Segment, 'size' | 'offsets'>

/** Blocks that hold a byte range, and where to cut them. */
export interface BlockRange {
  readonly first: number
  /** Exclusive; equal to `first` when the range is empty. */
  readonly end: number
  /** Bytes to drop at the front of block `first`. */
  readonly cutStart: number
  /** Bytes of block `end - 1` that still belong to the range, counted from the block's start. */
  readonly cutEnd: number
}

/** The blocks that hold the bytes of a segment from `start` to `end` (exclusive), both clamped to the segment. O(log blocks). */
export function blockRange (blocks: Blocks, start = 0, end = blocks.size): BlockRange {
  const from = Math.max(0, start)
  const to = Math.min(blocks.size, end)
  if (!(from < to)) return { first: 0, end: 0, cutStart: 0, cutEnd: 0 }
  const first = blockAt(blocks, from)
  const last = blockAt(blocks, to - 1)
  return { first, end: last + 1, cutStart: from - blockOffset(blocks, first), cutEnd: to - blockOffset(blocks, last) }
}

/** How many blocks a segment has. */
export function blockCount ({ size, offsets }: Blocks): number {
  return offsets === undefined ? Math.ceil(size / BLOCK_SIZE_BYTES) : offsets.length - 1
}

/** Where block `block` of a segment begins: bytes from the segment's start. */
export function blockOffset ({ offsets }: Blocks, block: number): number {
  return offsets === undefined ? block * BLOCK_SIZE_BYTES : offsets[block] as number
}

/** Bytes of block `block` of a segment. */
export function blockLength ({ size, offsets }: Blocks, block: number): number {
  if (offsets === undefined) return Math.min(BLOCK_SIZE_BYTES, size - block * BLOCK_SIZE_BYTES)
  return (offsets[block + 1] as number) - (offsets[block] as number)
}

/** The block that holds the byte at `position`, which lies inside the segment. */
function blockAt ({ offsets }: Blocks, position: number): number {
  if (offsets === undefined) return Math.floor(position / BLOCK_SIZE_BYTES)
  let low = 0
  let high = offsets.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((offsets[middle] as number) <= position) low = middle
    else high = middle
  }
  return low
}
