import { expect } from 'chai'
import fc from 'fast-check'
import { seededRandom, shuffle, systemRandom } from '../src/random.js'

describe('seededRandom', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), seed => {
      const [a, b, c] = [seededRandom(seed), seededRandom(seed), seededRandom(seed + 1)]
      const first = Array.from({ length: 8 }, a)
      expect(Array.from({ length: 8 }, b)).to.deep.equal(first)
      expect(Array.from({ length: 8 }, c)).to.not.deep.equal(first)
    }))
  })

  it('stays in [0, 1) and fills it evenly', () => {
    const random = seededRandom(7)
    const buckets = new Array<number>(10).fill(0)
    for (let i = 0; i < 10_000; i++) {
      const value = random()
      expect(value).to.be.within(0, 1 - Number.EPSILON)
      const bucket = Math.floor(value * 10)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    // 1,000 each is expected, 30 is one standard deviation
    for (const count of buckets) expect(count).to.be.within(850, 1150)
  })
})

describe('systemRandom', () => {
  it('stays in [0, 1) and does not repeat itself', () => {
    const values = Array.from({ length: 100 }, systemRandom)
    for (const value of values) expect(value).to.be.within(0, 1 - Number.EPSILON)
    expect(new Set(values).size).to.be.greaterThan(90)
  })
})

describe('shuffle', () => {
  it('keeps every item and returns the same array', () => {
    fc.assert(fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const copy = [...items]
      expect(shuffle(copy, seededRandom(seed))).to.equal(copy)
      expect(copy.toSorted((a, b) => a - b)).to.deep.equal(items.toSorted((a, b) => a - b))
    }))
  })

  it('gives each order equally often', () => {
    const random = seededRandom(1)
    const seen = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = shuffle(['a', 'b', 'c'], random).join('')
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    expect(seen.size).to.equal(6)
    for (const count of seen.values()) expect(count).to.be.within(850, 1150)
  })
})
