import { blockLength, hashBlock } from '@shoal/content'
import { seededRandom } from '@shoal/base'
import type { BlockRef, Segment, VerifiedBlock } from '@shoal/interface'

const BLOCK_BYTES = 262_144

/** A segment of a world's content, with its blocks. */
export interface Piece {
  readonly segment: Segment
  readonly refs: readonly BlockRef[]
  readonly blocks: readonly VerifiedBlock[]
}

/** What a world's content is made of. */
export interface Material {
  /** By index. */
  readonly pieces: readonly Piece[]
  readonly bytes: number
  blockOf (digest: Uint8Array): VerifiedBlock | undefined
  piece (path: string): Piece | undefined
}

/**
 * Makes and hashes every block of a content, once for all its peers. Blocks are different windows on one stretch of noise, so that a whole
 * film takes hardly more memory than one block. Index 0 is segment 0; paths are `seg<index>.m4s`.
 */
export async function makeMaterial (segments: number, segmentBytes: number, duration: number | undefined, seed: number): Promise<Material> {
  const perSegment = Math.ceil(segmentBytes / BLOCK_BYTES)
  const noise = new Uint8Array(BLOCK_BYTES + segments * perSegment)
  const random = seededRandom(seed)
  for (let i = 0; i < noise.length; i++) noise[i] = random() * 256
  const byDigest = new Map<Uint8Array, VerifiedBlock>()
  const byPath = new Map<string, Piece>()
  const pieces: Piece[] = []
  for (let index = 0; index < segments; index++) {
    const path = `seg${index}.m4s`
    const shape = { size: segmentBytes, blocks: perSegment, offsets: undefined }
    const blocks: VerifiedBlock[] = []
    for (let block = 0; block < perSegment; block++) {
      const at = index * perSegment + block
      const verified = await hashBlock(noise.subarray(at, at + blockLength(shape, block)))
      blocks.push(verified)
      byDigest.set(verified.digest, verified)
    }
    const segment: Segment = { index, path, cid: `virtual-${index}`, ...shape, ...duration !== undefined && { duration } }
    const piece = { segment, blocks, refs: blocks.map(({ digest, bytes }) => ({ digest, size: bytes.byteLength })) }
    byPath.set(path, piece)
    pieces.push(piece)
  }
  return {
    pieces,
    bytes: segments * segmentBytes,
    blockOf: digest => byDigest.get(digest),
    piece: path => byPath.get(path)
  }
}
