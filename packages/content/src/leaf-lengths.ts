import { BLOCK_SIZE_BYTES } from './limits.js'

/**
 * How a page says how long leaves are. A *stretch* is a run of leaves of 256 KiB and one that may be shorter; a list of stretches, each as
 * its bytes in a varint (LEB128), describes any leaves. Leaves that are one stretch need no word: only the segment's size. Both have one
 * form each: a stretch without a shorter leaf at its end is followed by none.
 */

/** 2⁴⁹, beyond any segment. */
const MAX_VARINT_BYTES = 7

/** Where leaves begin, and the last ends, from their lengths; `undefined` when they are of 256 KiB but for the last. */
export function offsetsOf (lengths: readonly number[]): Float64Array | undefined {
  const offsets = new Float64Array(lengths.length + 1)
  for (const [i, length] of lengths.entries()) offsets[i + 1] = (offsets[i] as number) + length
  return isPlain(offsets, true) ? undefined : offsets
}

/** The offsets of the leaves from `first` to `end` (exclusive) alone, as a page that holds these is to say them. */
export function partOffsets (offsets: Float64Array, first: number, end: number): Float64Array | undefined {
  const start = offsets[first] as number
  const part = offsets.slice(first, end + 1).map(offset => offset - start)
  return isPlain(part, end === offsets.length - 1) ? undefined : part
}

/** Are these leaves, from 0 on, of 256 KiB but for the segment's last, which is among them when `ends`? */
export function isPlain (offsets: Float64Array, ends: boolean): boolean {
  const full = offsets.length - (ends ? 2 : 1)
  return full < 1 || offsets[full] === full * BLOCK_SIZE_BYTES
}

/** The stretches of leaves that begin at `offsets`. */
export function encodeLengths (offsets: Float64Array): Uint8Array {
  const bytes: number[] = []
  let stretch = 0
  for (let leaf = 0; leaf < offsets.length - 1; leaf++) {
    const length = (offsets[leaf + 1] as number) - (offsets[leaf] as number)
    stretch += length
    if (length === BLOCK_SIZE_BYTES && leaf < offsets.length - 2) continue
    for (; stretch >= 0x80; stretch = Math.floor(stretch / 0x80)) bytes.push(stretch % 0x80 | 0x80)
    bytes.push(stretch)
    stretch = 0
  }
  return Uint8Array.from(bytes)
}

/**
 * Reads the stretches of `count` leaves, and gives where they begin and the last ends, from 0 on.
 *
 * @returns what is wrong with them otherwise
 */
export function decodeLengths (bytes: Uint8Array, count: number): Float64Array | string {
  const offsets = new Float64Array(count + 1)
  let leaf = 0
  let ended = true
  for (let at = 0; at < bytes.byteLength;) {
    let stretch = 0
    const start = at
    for (let byte = 0x80, scale = 1; byte >= 0x80; scale *= 0x80) {
      if (at === bytes.byteLength || at - start === MAX_VARINT_BYTES) return 'a length that does not end'
      byte = bytes[at++] as number
      stretch += byte % 0x80 * scale
    }
    if (bytes[at - 1] === 0) return stretch === 0 ? 'a length of 0' : 'a length that is not in its shortest form'
    if (!ended) return 'a length that belongs to the one before it'
    ended = stretch % BLOCK_SIZE_BYTES > 0
    if (Math.ceil(stretch / BLOCK_SIZE_BYTES) > count - leaf) return `lengths of more than ${count} leaves`
    for (; stretch > 0; leaf++) {
      const length = Math.min(stretch, BLOCK_SIZE_BYTES)
      offsets[leaf + 1] = (offsets[leaf] as number) + length
      stretch -= length
    }
  }
  return leaf === count ? offsets : `lengths of ${leaf} leaves in place of ${count}`
}
