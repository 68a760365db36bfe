import { toHex } from '@shoal/base'
import { BLOCK_SIZE_BYTES } from './limits.js'
import { readInt, readList, readTuple } from './manifest-fields.js'

/**
 * A window in terms of the one before it, the window of the head whose counter is one less: bytes of its own, and stretches of that one's.
 * What changes from one head to the next is a playlist and a segment or two; a window of a low-latency stream is some 8 KB.
 */
export type WindowDelta = readonly (Uint8Array | Stretch)[]

type Stretch = readonly [offset: number, length: number]

/** A window in pieces: its fields, then each entry. */
export type WindowPieces = readonly Uint8Array[]

/** Pieces of a delta: one for each entry that a window has room for, and as many between them. */
const MAX_PIECES = BLOCK_SIZE_BYTES / 16

/** @throws ManifestError */
export function readDelta (value: unknown): WindowDelta {
  return readList(value, 'the change of the window', MAX_PIECES).map(piece => {
    if (piece instanceof Uint8Array) return piece
    const [offset, length] = readTuple(piece, 'a stretch of the window before', 2)
    return [readInt(offset, 'its offset', 0, BLOCK_SIZE_BYTES), readInt(length, 'its length', 1, BLOCK_SIZE_BYTES)]
  })
}

/**
 * The window's bytes, to be verified: the one before may not be what the delta was made for.
 *
 * @returns `undefined` when they cannot be of this size
 */
export function applyDelta (delta: WindowDelta, before: Uint8Array, size: number): Uint8Array | undefined {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const piece of delta) {
    const part = piece instanceof Uint8Array ? piece : before.subarray(piece[0], piece[0] + piece[1])
    if (at + part.byteLength > size) return undefined
    bytes.set(part, at)
    at += part.byteLength
  }
  return at === size ? bytes : undefined
}

/** What makes `after` of `before`: pieces that are the same in both are named by their place. */
export function deltaOf (before: WindowPieces, after: WindowPieces): WindowDelta {
  const places = new Map<string, number>()
  let offset = 0
  for (const piece of before) {
    places.set(toHex(piece), offset)
    offset += piece.byteLength
  }
  const delta: (Uint8Array | [number, number])[] = []
  for (const piece of after) {
    const place = places.get(toHex(piece))
    const last = delta.at(-1)
    if (place === undefined) delta.push(piece)
    else if (last !== undefined && !(last instanceof Uint8Array) && last[0] + last[1] === place) last[1] += piece.byteLength
    else delta.push([place, piece.byteLength])
  }
  return delta
}
