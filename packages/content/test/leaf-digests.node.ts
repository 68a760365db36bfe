import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import type { BlockRef } from '@shoal/interface'
import { leafDigests } from '../src/leaf-digests.js'
import { leavesOf } from '../src/leaves.js'
import { entryOf, randomBytes, segmentAll } from './helpers.js'

const hasher = (): ReturnType<typeof createHash> => createHash('sha256')

/** One buffer for all chunks, as a reader that lends it. */
async function * lent (bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.max(...lengths))
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const chunk = bytes.subarray(at, at + (lengths[i % lengths.length] as number))
    buffer.fill(0xff)
    buffer.set(chunk)
    yield buffer.subarray(0, chunk.byteLength)
    at += chunk.byteLength
  }
}

async function collect (source: AsyncIterable<BlockRef[]>): Promise<BlockRef[]> {
  const leaves: BlockRef[] = []
  for await (const some of source) leaves.push(...some)
  return leaves
}

describe('digests of leaves', () => {
  it('are those of the leaves that are kept, however the bytes come, and need no chunk for long', async () => {
    await fc.assert(fc.asyncProperty(
      fc.nat(1_200_000), fc.nat(1_000), fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom('fixed', 'content'), fc.array(fc.integer({ min: 1, max: 1_200_000 }), { maxLength: 4 }),
      async (size, seed, chunks, method, cuts) => {
        const bytes = randomBytes(size, seed)
        const cutting = { method, boundaries: [...new Set(cuts)].filter(at => at < size).sort((a, b) => a - b) } as const
        const kept: BlockRef[] = []
        for await (const leaf of leavesOf((async function * () { yield bytes })(), { cutting })) kept.push(leaf)
        expect(await collect(leafDigests(lent(bytes, chunks), cutting, () => {
          const hash = hasher()
          return { update: piece => { hash.update(piece) }, digest: () => new Uint8Array(hash.digest()) }
        }))).to.deep.equal(kept.map(({ digest, size: length }) => ({ digest, size: length })))
      }), { numRuns: 30 })
  })

  it('make the same segment', async () => {
    const bytes = randomBytes(700_000)
    const plain = await segmentAll([entryOf('a', bytes, 100_000)])
    const hashed = await segmentAll([{ ...entryOf('a', bytes, 100_000), hasher }])
    expect(hashed.map(({ cid }) => cid.toString())).to.deep.equal(plain.map(({ cid }) => cid.toString()))
  })

  it('end with the signal', async () => {
    const abort = new AbortController()
    const source = leafDigests(lent(randomBytes(600_000), [100_000]), { method: 'fixed' }, hasher, abort.signal)
    await source.next()
    abort.abort(new Error('enough'))
    const error = await source.next().then(() => undefined, (reason: unknown) => reason)
    expect(error).to.have.property('message', 'enough')
  })
})
