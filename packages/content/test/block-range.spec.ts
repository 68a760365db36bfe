import { expect } from 'chai'
import fc from 'fast-check'
import { blockCount, blockLength, blockOffset, blockRange, type Blocks } from '../src/block-range.js'
import { BLOCK_SIZE_BYTES } from '../src/limits.js'

describe('block ranges', () => {
  const fixed = fc.integer({ min: 0, max: 20 * BLOCK_SIZE_BYTES }).map((size): Blocks => ({ size }))
  const variable = fc.array(fc.integer({ min: 1, max: BLOCK_SIZE_BYTES }), { minLength: 1, maxLength: 20 }).map((lengths): Blocks => {
    let end = 0
    return { offsets: Float64Array.from([0, ...lengths.map(length => end += length)]), size: end }
  })
  const offset = fc.integer({ min: -10, max: 21 * BLOCK_SIZE_BYTES })
  const near = fc.integer({ min: 0, max: 20 }).chain(block => fc.integer({ min: -1, max: 1 }).map(by => block * BLOCK_SIZE_BYTES + by))

  it('hold exactly the bytes of the range and no block too many', () => {
    const point = fc.oneof(offset, near)
    fc.assert(fc.property(fc.oneof(fixed, variable), point, point, (blocks, start, end) => {
      const wanted = Math.max(0, Math.min(blocks.size, end) - Math.max(0, start))
      const { first, end: last, cutStart, cutEnd } = blockRange(blocks, start, end)
      let bytes = 0
      for (let block = first; block < last; block++) {
        bytes += (block === last - 1 ? cutEnd : blockLength(blocks, block)) - (block === first ? cutStart : 0)
        expect(blockLength(blocks, block)).to.be.within(1, BLOCK_SIZE_BYTES)
      }
      expect(bytes).to.equal(wanted)
      expect(last).to.be.at.most(blockCount(blocks))
      if (wanted > 0) {
        expect(blockOffset(blocks, first) + cutStart).to.equal(Math.max(0, start))
        expect(cutStart).to.be.below(blockLength(blocks, first))
        expect(cutEnd).to.be.within(1, blockLength(blocks, last - 1))
      }
    }))
  })

  it('take the whole segment by default', () => {
    expect(blockRange({ size: 2 * BLOCK_SIZE_BYTES + 3 })).to.deep.equal({ first: 0, end: 3, cutStart: 0, cutEnd: 3 })
    expect(blockRange({ size: 8, offsets: Float64Array.of(0, 1, 8) })).to.deep.equal({ first: 0, end: 2, cutStart: 0, cutEnd: 7 })
    expect(blockRange({ size: 0 })).to.deep.equal({ first: 0, end: 0, cutStart: 0, cutEnd: 0 })
  })

  it('have lengths that sum up to the size', () => {
    fc.assert(fc.property(fc.oneof(fixed, variable), blocks => {
      const lengths = Array.from({ length: blockCount(blocks) }, (_, block) => blockLength(blocks, block))
      expect(lengths.reduce((sum, length) => sum + length, 0)).to.equal(blocks.size)
    }))
  })
})
