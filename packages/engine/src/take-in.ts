import { blockLength, blockOffset, blockRange, verifyBlock, type OpenedManifest } from '@shoal/content'
import { BlockMismatchError, type HaveMap, type Segment, type VerifiedBlock } from '@shoal/interface'

export interface Taker {
  readonly manifest: OpenedManifest
  readonly have: HaveMap
  readonly closed: () => boolean
  readonly arrived: (block: number, verified: VerifiedBlock) => void
  /** They are not what the manifest says. */
  readonly differs: () => void
}

/** Takes the missing whole blocks out of bytes from elsewhere, which begin at byte `start` of the segment. Resolves with the bytes used. */
export async function takeIn (taker: Taker, segment: Segment, start: number, bytes: Uint8Array): Promise<number> {
  const { manifest, have, closed, arrived, differs } = taker
  const { index } = segment
  const { first, end } = blockRange(segment, start, start + bytes.byteLength)
  let taken = 0
  for (let block = first; block < end; block++) {
    const at = blockOffset(segment, block) - start
    const length = blockLength(segment, block)
    const known = manifest.peek(index) === undefined || have.has(index, block)
    if (known || closed() || at < 0 || at + length > bytes.byteLength) continue
    try {
      const verified = await verifyBlock(manifest.block(index, block), bytes.slice(at, at + length))
      if (have.has(index, block)) continue
      arrived(block, verified)
      taken += length
    } catch (error) {
      if (!(error instanceof BlockMismatchError)) throw error
      differs()
      break
    }
  }
  return taken
}
