import { concat, systemRandom, type Clock } from '@shoal/base'
import { verifyBlock } from '@shoal/content'
import { createOrigin } from '@shoal/origin'
import type { ContentInfo, Vouched } from './protocol.js'

const BLOCK_BYTES = 262_144
const DIGEST_BYTES = 32

/**
 * Verified bytes of a segment from the origin, without a node: what its blocks hash to has been told when the leader began.
 *
 * @throws OriginError it does not answer, BlockMismatchError it has other bytes
 */
export async function * restFromOrigin (
  { segment, digests }: Vouched, { origins, summary, policy }: Pick<ContentInfo, 'origins' | 'summary' | 'policy'>, start: number, end: number, clock: Clock, signal?: AbortSignal
): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, size, blocks, offsets } = segment
  const beginOf = (block: number): number => block >= blocks ? size : offsets?.[block] ?? block * BLOCK_BYTES
  let block = 0
  while (beginOf(block + 1) <= start && block < blocks) block++
  const origin = createOrigin({
    bases: origins, singleFile: summary.kind === 'file', significantQuery: policy.significantQuery, clock, random: systemRandom
  })
  let last = block
  while (beginOf(last) < end) last++
  const { body } = await origin.fetch({ path, start: beginOf(block), end: beginOf(last), signal })
  let parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    parts.push(part)
    length += part.byteLength
    while (block < last && length >= beginOf(block + 1) - beginOf(block)) {
      const [from, to] = [beginOf(block), beginOf(block + 1)]
      const all = concat(parts)
      const ref = { digest: (digests as Uint8Array).subarray(block * DIGEST_BYTES, (block + 1) * DIGEST_BYTES), size: to - from }
      const { bytes } = await verifyBlock(ref, all.slice(0, to - from))
      parts = [all.subarray(to - from)]
      length -= to - from
      block++
      yield bytes.subarray(Math.max(0, start - from), Math.min(to, end) - from)
    }
  }
}
