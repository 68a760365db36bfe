import { BLOCK_SIZE_BYTES } from './limits.js'

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

/** The blocks of a segment of `size` bytes that hold the bytes from `start` to `end` (exclusive), both clamped to the segment. */
export function blockRange (size: number, start = 0, end = size): BlockRange {
  const from = Math.max(0, start)
  const to = Math.min(size, end)
  if (!(from < to)) return { first: 0, end: 0, cutStart: 0, cutEnd: 0 }
  const first = Math.floor(from / BLOCK_SIZE_BYTES)
  const last = Math.floor((to - 1) / BLOCK_SIZE_BYTES)
  return { first, end: last + 1, cutStart: from - first * BLOCK_SIZE_BYTES, cutEnd: to - last * BLOCK_SIZE_BYTES }
}

/** How many blocks a segment of `size` bytes has. */
export function blockCount (size: number): number {
  return Math.ceil(size / BLOCK_SIZE_BYTES)
}

/** Bytes of block `block` of a segment of `size` bytes: `BLOCK_SIZE_BYTES` for all but the last. */
export function blockLength (size: number, block: number): number {
  return Math.min(BLOCK_SIZE_BYTES, size - block * BLOCK_SIZE_BYTES)
}
