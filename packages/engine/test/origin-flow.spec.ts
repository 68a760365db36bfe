import { expect } from 'chai'
import { hashBlock, verifyBlock } from '@shoal/content'
import type { Manifest, Origin, OriginReply } from '@shoal/interface'
import { OriginFlow } from '../src/origin-flow.js'
import { randomBytes } from './bytes.js'

/** What arrives of a segment of blocks of 100 bytes whose body comes in these chunks. */
async function fetched (chunks: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const whole = Uint8Array.from(chunks.flatMap(chunk => [...chunk]))
  const size = whole.byteLength
  const blocks = Math.ceil(size / 100)
  const refs = await Promise.all(Array.from({ length: blocks }, async (_, block) => {
    const { digest, bytes } = await hashBlock(whole.slice(100 * block, 100 * (block + 1)))
    return { digest, size: bytes.byteLength }
  }))
  const arrived: Uint8Array[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const origin = {
    fetch: async () => ({ body: (async function * () { yield * chunks })(), status: 200, url: 'https://cdn.example/a' }) as unknown as OriginReply
  } as unknown as Origin
  const flow = new OriginFlow(origin, {
    manifest: {
      segment: async () => ({ index: 0, path: 'a', size, blocks, offsets: Array.from({ length: blocks }, (_, i) => 100 * i) }),
      block: (_: number, block: number) => refs[block]
    } as unknown as Manifest,
    verify: verifyBlock,
    arrived: (_, block, { bytes }) => { arrived[block] = bytes },
    wasted: () => {},
    done: (_, _first, _end, _error, cause) => { if (cause === undefined) resolve(); else reject(cause) }
  })
  flow.start(0, 0, blocks)
  await promise
  return arrived
}

describe('what the origin sends', () => {
  it('is cut into blocks wherever its chunks end', async () => {
    const bytes = randomBytes(350)
    for (const cuts of [[350], [100, 100, 100, 50], [1, 99, 150, 100], [99, 1, 200, 50]]) {
      let at = 0
      const arrived = await fetched(cuts.map(length => bytes.subarray(at, at += length)))
      expect(arrived.map(block => [...block])).to.deep.equal([0, 100, 200, 300].map(start => [...bytes.subarray(start, start + 100)]))
    }
  })

  it('is not copied where a chunk is a block, unless far more memory would hang on it', async () => {
    const [own, other] = [randomBytes(100), randomBytes(1_000)]
    const arrived = await fetched([own, other.subarray(0, 100)])
    expect(arrived[0]).to.equal(own)
    expect(arrived[1]?.buffer.byteLength).to.equal(100)
    expect(arrived[1]).to.deep.equal(other.slice(0, 100))
  })
})
