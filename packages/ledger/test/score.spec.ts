import { expect } from 'chai'
import fc from 'fast-check'
import { claim, score } from '../src/score.js'
import type { Conditions, PeerFacts } from '../src/types.js'
import { openShare, WEIGHTS, weightsFor, worth } from '../src/weights.js'

const MIB = 2 ** 20
const BLANK: PeerFacts = { given: 0, taken: 0, received: 0, wasted: 0, latency: 0, penalty: 0, banned: false }
const REST: Conditions = { congestion: 0, popularity: 0, local: false }
const giver = (mib: number, more: Partial<PeerFacts> = {}): PeerFacts =>
  ({ ...BLANK, given: mib * MIB, received: mib * MIB, latency: 100, ...more })

const amount = fc.double({ min: 0, max: 2 ** 50, noNaN: true })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const facts = fc.record({
  given: amount,
  taken: amount,
  received: amount,
  wasted: amount,
  latency: amount,
  penalty: fc.double({ min: 0, max: 100, noNaN: true }),
  banned: fc.boolean()
})
const conditions = fc.record({ congestion: share, popularity: share, local: fc.boolean() })

describe('score', () => {
  it('is from −100 to 100, and −100 for whoever is shut out', () => {
    fc.assert(fc.property(facts, conditions, (peer, now) => {
      expect(score(peer, now)).to.be.within(-100, 100)
      expect(score({ ...peer, banned: true }, now)).to.equal(-100)
    }))
  })

  it('gives a new identity nothing, however it behaves, and no more than anybody who did no wrong', () => {
    fc.assert(fc.property(facts, conditions, (peer, now) => {
      expect(score({ ...peer, given: 0, penalty: 0, banned: false }, now)).to.equal(0)
      expect(score({ ...peer, penalty: 0, banned: false }, now)).to.be.at.least(score(BLANK, now))
      expect(claim({ ...peer, given: 0 }, now)).to.equal(0)
      expect(claim(peer, now)).to.be.at.least(0)
    }))
  })

  it('rises with what was given and falls with what was taken, wasted, late or wrong', () => {
    const one = score(giver(8), REST)
    expect(score(giver(64), REST)).to.be.above(one)
    expect(score(giver(8, { taken: 64 * MIB }), REST)).to.be.below(one)
    expect(score(giver(8, { wasted: 8 * MIB }), REST)).to.be.below(one)
    expect(score(giver(8, { latency: 5000 }), REST)).to.be.below(one)
    expect(score(giver(8, { penalty: 30 }), REST)).to.be.closeTo(one - 30, 0.11)
  })

  it('goes by giving the more, the scarcer upload is', () => {
    const generous = giver(64, { latency: 2000, wasted: 16 * MIB })
    const quick = giver(12, { taken: 24 * MIB, latency: 20 })
    const lead = (congestion: number): number => score(generous, { ...REST, congestion }) - score(quick, { ...REST, congestion })
    expect(lead(1)).to.be.above(lead(0.5))
    expect(lead(0.5)).to.be.above(lead(0))
  })

  it('goes by nearness the more, the more others hold a content, and counts bytes of a rare one double', () => {
    const near = (popularity: number): number =>
      score(giver(64), { ...REST, popularity, local: true }) - score(giver(64), { ...REST, popularity })
    expect(near(1)).to.be.above(1.5 * near(0))
    expect([worth(0), worth(0.5), worth(1)]).to.deep.equal([2, 1.5, 1])
    expect(claim(giver(8), { local: true })).to.equal(1.25 * claim(giver(8), { local: false }))
  })

  it('leaves half to those who gave nothing where contention is rare, a twentieth where it is the rule', () => {
    expect([openShare(0), openShare(1), openShare(2)]).to.deep.equal([0.5, 0.05, 0.05])
  })

  it('claims what was given, less what was useless and what was done wrong', () => {
    expect(claim(giver(8), REST)).to.equal(8 * MIB)
    expect(claim(giver(8, { wasted: 8 * MIB }), REST)).to.equal(4 * MIB)
    expect(claim(giver(8, { penalty: 75 }), REST)).to.equal(2 * MIB)
    expect(claim(giver(8, { banned: true }), REST)).to.equal(0)
  })
})

describe('weights', () => {
  it('are shares of 100, never negative', () => {
    fc.assert(fc.property(conditions, now => {
      const points = Object.values(weightsFor(now))
      expect(points.reduce((sum, each) => sum + each, 0)).to.be.closeTo(100, 1e-9)
      expect(Math.min(...points)).to.be.at.least(0)
      expect(points).to.have.length(Object.keys(WEIGHTS).length)
    }))
  })
})
