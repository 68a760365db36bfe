import { expect } from 'chai'
import fc from 'fast-check'
import { Bits, nextCommon, population } from '../src/bits.js'
import { electionRank, electionSeed, electionWait, electionWeight } from '../src/election.js'
import { Outbox } from '../src/outbox.js'
import { Wants, within } from '../src/wants.js'

describe('bits', () => {
  it('is a set, and intersects like one', () => {
    const numbers = fc.array(fc.nat(700))
    fc.assert(fc.property(numbers, numbers, numbers, fc.nat(700), fc.nat(800), (a, b, gone, from, to) => {
      const sets = [a, b].map(members => {
        const bits = new Bits()
        for (const i of members) bits.add(i)
        for (const i of gone) bits.delete(i)
        return bits
      }) as [Bits, Bits]
      const expected = a.filter(i => b.includes(i) && !gone.includes(i) && i >= from && i < to).sort((x, y) => x - y)[0] ?? -1
      expect(nextCommon(sets[0], sets[1], from, to)).to.equal(expected)
      expect(sets[0].count).to.equal(new Set(a.filter(i => !gone.includes(i))).size)
    }))
  })

  it('counts the bits of a byte', () => {
    expect([0, 1, 0x80, 0xff, 0x55].map(population)).to.deep.equal([0, 1, 1, 8, 4])
  })
})

describe('wants', () => {
  it('a run is covered by what overlaps it', () => {
    expect(within({ first: 3, end: 5 }, 0)).to.equal(0b11000)
    expect(within({ first: 3, end: 50 }, 1)).to.equal(0xff)
    expect(within({ first: 3, end: 9 }, 1)).to.equal(1)
    expect(within({ first: 3, end: 8 }, 1)).to.equal(0)
    expect(within({ first: 9, end: 12 }, 0)).to.equal(0)
  })

  it('are kept in order of deadline through changes', () => {
    const wants = new Wants()
    const [a, b, c] = [300, undefined, 100]
      .map(deadline => wants.add({ segment: 1, first: 0, end: 4, deadline }, 0).id) as [number, number, number]
    expect(wants.dated.map(want => want.id)).to.deep.equal([c, a])
    expect(wants.bulk).to.equal(1)
    wants.redate(b, 200, 0)
    expect(wants.dated.map(want => want.id)).to.deep.equal([c, b, a])
    expect(wants.bulk).to.equal(0)
    wants.redate(a, undefined, 0)
    wants.remove(c)
    expect(wants.dated.map(want => want.id)).to.deep.equal([b])
    expect(wants.bulk).to.equal(1)
    wants.remove(a)
    expect(wants.coverage(1, 0)).to.equal(0b1111)
    wants.remove(b)
    expect(wants.coverage(1, 0)).to.equal(0)
    expect(wants.bulk).to.equal(0)
  })
})

describe('election', () => {
  const seeds = Array.from({ length: 50 }, (_, i) => electionSeed('swarm', `peer-${i}`))

  it('hashes the same everywhere', () => {
    // pinned: nodes that hash differently elect different peers. The first is FNV-1a of a line feed
    expect(electionSeed('', '')).to.equal(0x0f0c6cdd)
    expect([0, 1, 9999].map(segment => electionWeight(0x0f0c6cdd, segment))).to.deep.equal([1498813420, 1553083192, 853792470])
  })

  it('ranks are a permutation, and each segment has its own', () => {
    const firsts = new Set<number>()
    for (let segment = 0; segment < 40; segment++) {
      const ranks = seeds.map(seed => electionRank(seed, seeds.filter(other => other !== seed), segment))
      expect([...ranks].sort((a, b) => a - b)).to.deep.equal(seeds.map((_, i) => i))
      firsts.add(ranks.indexOf(0))
    }
    expect(firsts.size).to.be.above(15)
  })

  it('one goes at once, the next a pause later, sooner when time is short', () => {
    const wait = (left: number): number[] => seeds
      .map(self => electionWait({ self, near: seeds.filter(other => other !== self), strangers: [], share: 1, unknown: 0 }, 3, left))
      .sort((a, b) => a - b)
    expect(wait(30_000).slice(0, 3)).to.deep.equal([0, 600, 1200])
    expect(wait(4000).slice(0, 3)).to.deep.equal([0, 400, 800])
    expect(wait(-5)[49]).to.equal(0)
  })

  it('in a swarm of 20,000 of which each knows 50, few elect themselves at once', () => {
    const crowd = Array.from({ length: 20_000 }, (_, i) => electionSeed('swarm', `crowd-${i}`))
    for (let segment = 0; segment < 5; segment++) {
      const waits = crowd.map(self => electionWait({ self, near: seeds, strangers: [], share: 1, unknown: 19_949 }, segment, 10_000))
      expect(waits.filter(ms => ms === 0).length).to.be.below(6)
      expect(Math.min(...waits)).to.be.below(5000)
    }
  })
})

describe('outbox', () => {
  it('groups, orders, and drops what is taken back', () => {
    const outbox = new Outbox()
    outbox.request('a', 1, 0)
    outbox.request('a', 1, 1)
    outbox.request('a', 2, 0)
    outbox.cancel('a', 2, 0)
    outbox.cancel('b', 1, 7)
    outbox.origin({ type: 'origin', segment: 4, first: 0, end: 2, reason: 'elected' }, true)
    expect(outbox.take()).to.deep.equal([
      { type: 'cancel', peer: 'b', segment: 1, blocks: [7] },
      { type: 'fetching', segment: 4 },
      { type: 'origin', segment: 4, first: 0, end: 2, reason: 'elected' },
      { type: 'request', peer: 'a', segment: 1, blocks: [0, 1] }
    ])
    expect(outbox.take()).to.deep.equal([])
    outbox.cancel('b', 1, 7)
    expect(outbox.spare('b', 1, 7)).to.equal(true)
    expect(outbox.take()).to.deep.equal([])
  })
})
