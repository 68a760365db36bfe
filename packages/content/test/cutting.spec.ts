import { expect } from 'chai'
import fc from 'fast-check'
import { toHex } from '@shoal/base'
import { BlackHoleBlockstore } from 'blockstore-core/black-hole'
import { importer } from 'ipfs-unixfs-importer'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { Cutter, type Cutting } from '../src/cutting.js'
import { offsetsOf, decodeLengths, encodeLengths } from '../src/leaf-lengths.js'
import { BLOCK_SIZE_BYTES, CHUNKER } from '../src/limits.js'
import { blockRefs } from '../src/segment-files.js'
import { entryOf, randomBytes, segmentAll } from './helpers.js'

/** Ends of leaves, of bytes that come in pieces of these lengths. */
function cut (bytes: Uint8Array, cutting: Cutting, pieces: readonly number[]): number[] {
  const cutter = new Cutter(cutting)
  const ends: number[] = []
  for (let start = 0, i = 0; start < bytes.byteLength; i++) {
    const piece = bytes.subarray(start, start + (pieces[i % pieces.length] as number))
    for (let at = 0; at < piece.byteLength;) {
      const { end, done } = cutter.take(piece, at)
      at = end
      if (done) ends.push(start + end)
    }
    start += piece.byteLength
  }
  if (ends.at(-1) !== bytes.byteLength) ends.push(bytes.byteLength)
  return ends
}

describe('cutting', () => {
  const bytes = randomBytes(3_000_000, 7)

  it('gives the same leaves for any chunking, none too long, and none across a boundary', () => {
    const pieces = fc.array(fc.integer({ min: 1_000, max: 1 << 20 }), { minLength: 1, maxLength: 5 })
    const inside = fc.integer({ min: 1, max: bytes.byteLength - 1 })
    const boundaries = fc.uniqueArray(inside, { maxLength: 8 }).map(list => list.toSorted((a, b) => a - b))
    fc.assert(fc.property(pieces, boundaries, fc.constantFrom('fixed' as const, 'content' as const), (pieces, boundaries, method) => {
      const ends = cut(bytes, { method, boundaries }, pieces)
      expect(ends).to.deep.equal(cut(bytes, { method, boundaries }, [bytes.byteLength]))
      for (const [i, end] of ends.entries()) {
        const length = end - (ends[i - 1] ?? 0)
        expect(length).to.be.within(1, BLOCK_SIZE_BYTES)
        if (method === 'content' && !boundaries.includes(end) && end < bytes.byteLength) expect(length).to.be.above(CHUNKER.min)
      }
      expect(ends).to.include.members(boundaries)
    }), { numRuns: 30 })
  })

  it('finds the same leaves behind an insertion', () => {
    const before = cut(bytes, { method: 'content' }, [1 << 20])
    const after = cut(Uint8Array.from([...randomBytes(1_000, 8), ...bytes]), { method: 'content' }, [1 << 20]).map(end => end - 1_000)
    expect(before.filter(end => after.includes(end)).length).to.be.at.least(before.length - 4)
  })

  it('cuts bytes that are all alike at the longest leaf', () => {
    expect(cut(new Uint8Array(600_000), { method: 'content' }, [1 << 20])).to.deep.equal([262_144, 524_288, 600_000])
  })

  it('gives known names: a change of these is a change of every link', async () => {
    const file = { ...entryOf('x', bytes, 100_000), cutting: { method: 'content' as const, boundaries: [700_001] } }
    const [segmented] = await segmentAll([file])
    if (segmented === undefined) throw new Error('nothing')
    expect([...segmented.offsets ?? []].slice(0, 7)).to.deep.equal([0, 139_496, 272_171, 410_186, 545_764, 699_838, 700_001])
    expect(segmented.cid.toString()).to.equal('bafybeicie7en6m3p45nji6maeroqqg455ui4cg3q7s7uswc4xboou6i4ru')
    const digest = blockRefs(segmented)[1]?.digest as Uint8Array
    expect(toHex(digest)).to.equal('b78d2843f41bfad0f0bbdd2e5a92d838f03c6c917b25a9bcb50e12f8b26ec22f')
  })

  it('names the file as the importer does over the same leaves', async () => {
    const file = { ...entryOf('x', bytes), cutting: { method: 'content' as const } }
    const [segmented] = await segmentAll([file])
    const offsets = [...segmented?.offsets ?? []]
    const imported = importer([{ content: bytes }], new BlackHoleBlockstore(), {
      cidVersion: 1,
      rawLeaves: true,
      layout: balanced({ maxChildrenPerNode: 174 }),
      async * chunker () { for (const [i, end] of offsets.slice(1).entries()) yield bytes.subarray(offsets[i], end) }
    })
    for await (const { cid, size } of imported) {
      expect(segmented?.cid.toString()).to.equal(cid.toString())
      expect(segmented?.dagSize).to.equal(Number(size))
    }
  })
})

describe('lengths of leaves', () => {
  const length = fc.oneof(fc.constant(BLOCK_SIZE_BYTES), fc.integer({ min: 1, max: BLOCK_SIZE_BYTES }))

  it('come back as they were, in one form, in 3 bytes each at most', () => {
    fc.assert(fc.property(fc.array(length, { minLength: 1, maxLength: 40 }), lengths => {
      const offsets = offsetsOf(lengths)
      if (offsets === undefined) return
      const encoded = encodeLengths(offsets)
      expect(decodeLengths(encoded, lengths.length)).to.deep.equal(offsets)
      expect(encoded.byteLength).to.be.at.most(3 * lengths.length)
    }))
  })

  it('are offsets or a word of what is wrong, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(50), (bytes, count) => {
      const offsets = decodeLengths(bytes, count)
      if (typeof offsets !== 'string') expect(encodeLengths(offsets)).to.deep.equal(bytes)
    }), { numRuns: 2_000 })
  })
})
