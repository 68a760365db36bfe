import { expect } from 'chai'
import fc from 'fast-check'
import { blockCount, blockLength, blockRange } from '../src/block-range.js'
import { BLOCK_SIZE_BYTES } from '../src/limits.js'

describe('block range', () => {
  const sizes = fc.integer({ min: 0, max: 20 * BLOCK_SIZE_BYTES })
  const offset = fc.integer({ min: -10, max: 21 * BLOCK_SIZE_BYTES })
  const near = fc.integer({ min: 0, max: 20 }).chain(block => fc.integer({ min: -1, max: 1 }).map(by => block * BLOCK_SIZE_BYTES + by))

  it('covers exactly the bytes asked for', () => {
    fc.assert(fc.property(fc.oneof(sizes, near), fc.oneof(offset, near), fc.oneof(offset, near), (size, start, end) => {
      if (size < 0) return
      const wanted = Math.max(0, Math.min(end, size) - Math.max(0, start))
      const { first, end: last, cutStart, cutEnd } = blockRange(size, start, end)
      let bytes = 0
      for (let block = first; block < last; block++) {
        bytes += (block === last - 1 ? cutEnd : blockLength(size, block)) - (block === first ? cutStart : 0)
        expect(blockLength(size, block)).to.be.within(1, BLOCK_SIZE_BYTES)
      }
      expect(bytes).to.equal(wanted)
      expect(last).to.be.at.most(blockCount(size))
      if (wanted > 0) {
        expect(first * BLOCK_SIZE_BYTES + cutStart).to.equal(Math.max(0, start))
        expect(cutStart).to.be.below(blockLength(size, first))
        expect(cutEnd).to.be.within(1, blockLength(size, last - 1))
      }
    }), { numRuns: 500 })
  })

  it('is the whole segment by default', () => {
    expect(blockRange(2 * BLOCK_SIZE_BYTES + 3)).to.deep.equal({ first: 0, end: 3, cutStart: 0, cutEnd: 3 })
    expect(blockRange(0)).to.deep.equal({ first: 0, end: 0, cutStart: 0, cutEnd: 0 })
  })

  it('lengths add up to the size', () => {
    fc.assert(fc.property(sizes, size => {
      const lengths = Array.from({ length: blockCount(size) }, (_, block) => blockLength(size, block))
      expect(lengths.reduce((sum, length) => sum + length, 0)).to.equal(size)
    }))
  })
})
