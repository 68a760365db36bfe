import { expect } from 'chai'
import fc from 'fast-check'
import { createHaveMap } from '@shoal/availability'
import type { HaveMap, PeerProfile } from '@shoal/interface'
import { electionRank } from '@shoal/swarm'
import { CACHE_STORE_BYTES, CACHE_UPTIME_S, RATE_PAUSE_MS, SEED_RATE_BPS, SMALL_SWARM } from '../src/defaults.js'
import { dutyOf } from '../src/duty.js'
import { BusyRate } from '../src/profile.js'
import { replicate, type Holder, type ReplicationPlan } from '../src/replication.js'

describe('duty', () => {
  const desktop: PeerProfile = { capacity: 2, downRate: undefined, upRate: undefined, uptime: 0, store: { used: 0, quota: 1 << 30 } }
  const facts = { replication: 3, swarmSize: SMALL_SWARM + 1 }

  it('spares the weak, but where nobody else may be found', () => {
    for (const weak of [{ capacity: 0 }, { capacity: 1 }, { upRate: SEED_RATE_BPS - 1 }] as const) {
      expect(dutyOf({ ...desktop, ...weak }, facts)).to.equal('none')
      expect(dutyOf({ ...desktop, ...weak }, { ...facts, swarmSize: SMALL_SWARM })).to.equal('seed')
    }
  })

  it('has those cache that were told to, stay, and have room', () => {
    expect(dutyOf(desktop, facts)).to.equal('seed')
    expect(dutyOf({ ...desktop, uptime: CACHE_UPTIME_S }, facts)).to.equal('cache')
    expect(dutyOf({ ...desktop, capacity: 3 }, facts)).to.equal('cache')
    expect(dutyOf({ ...desktop, capacity: 3 }, { ...facts, replication: 0 })).to.equal('seed')
    expect(dutyOf({ ...desktop, capacity: 3, store: { used: 0, quota: CACHE_STORE_BYTES - 1 } }, facts)).to.equal('seed')
  })
})

describe('busy rate', () => {
  it('measures while bytes move, and not the pauses', () => {
    const rate = new BusyRate()
    rate.add(1_000_000, 0)
    expect(rate.value).to.equal(undefined)
    for (let ms = 100; ms <= 5_000; ms += 100) rate.add(50_000, ms)
    expect(rate.value).to.be.closeTo(500_000, 1)
    rate.add(50_000, 5_000 + RATE_PAUSE_MS + 1)
    for (let ms = 12_000; ms <= 14_000; ms += 100) rate.add(50_000, ms)
    expect(rate.value).to.be.closeTo(500_000, 1)
  })
})

describe('replication', () => {
  const SEGMENTS = 20
  /** Peers by what they hold. */
  const holders = (held: readonly (readonly number[])[]): (Holder & { have: HaveMap })[] => held.map((segments, i) => {
    const have = createHaveMap({ segments: SEGMENTS, blocks: SEGMENTS })
    for (const segment of segments) have.addSegment(segment)
    return { seed: Math.imul(i + 1, 0x9e3779b1) >>> 0, have }
  })
  const plan = (peers: readonly Holder[], i: number, target: number, patience = 0, scale = 1): ReplicationPlan => {
    const [self, others] = [peers[i] as Holder, peers.filter((_, at) => at !== i)]
    return replicate({ self, others, first: 0, end: SEGMENTS, target, rank: electionRank, scale, patience: () => patience })
  }
  const someHoldings = fc.array(fc.uniqueArray(fc.nat(SEGMENTS - 1)), { minLength: 2, maxLength: 8 })

  it('shares the work out so that the copies come to the target, or all have one, and no further', () => {
    fc.assert(fc.property(someHoldings, fc.integer({ min: 1, max: 6 }), (held, target) => {
      const peers = holders(held)
      const plans = peers.map((_, i) => plan(peers, i, target).want)
      for (let segment = 0; segment < SEGMENTS; segment++) {
        const before = held.filter(segments => segments.includes(segment)).length
        const after = before + plans.filter(want => want.includes(segment)).length
        expect(after).to.equal(before === 0 || before >= target ? before : Math.min(target, peers.length))
      }
    }))
  })

  it('never has all drop what is surplus together below the target', () => {
    fc.assert(fc.property(someHoldings, fc.integer({ min: 1, max: 6 }), (held, target) => {
      const peers = holders(held)
      const plans = peers.map((_, i) => plan(peers, i, target).surplus)
      for (let segment = 0; segment < SEGMENTS; segment++) {
        const before = held.filter(segments => segments.includes(segment)).length
        const dropped = plans.filter(surplus => surplus.includes(segment)).length
        expect(before - dropped).to.equal(Math.min(before, target))
      }
    }))
  })

  it('wants the rarest first, and names the most copied surplus first', () => {
    const [one, two, three] = [[0, 1, 2], [0, 1], [0]]
    const peers = holders([[], one, two, three, [], []])
    const { want, short, least } = plan(peers, 0, 4, 8)
    expect([want, short.slice(0, 3), least]).to.deep.equal([[2, 1, 0], [0, 1, 2], 0])
    const all = holders([one, one, two, three, one, three])
    expect(all.flatMap((_, i) => plan(all, i, 1).surplus.join()).filter(list => list.length > 1))
      .to.satisfy((lists: string[]) => lists.every(list => ['0,1', '0,2', '1,2', '0,1,2'].includes(list)))
  })

  it('asks twice as many with each patience, for nobody knows who does it', () => {
    const peers = holders([[0], ...Array.from({ length: 16 }, () => [])])
    const wanting = (patience: number): number => peers.filter((_, i) => plan(peers, i, 2, patience).want.includes(0)).length
    expect([0, 1, 2, 3, 4].map(wanting)).to.deep.equal([1, 2, 4, 8, 16])
  })

  it('takes its neighbours for a sample of a larger swarm', () => {
    const peers = holders([[], [0], [0], [], []])
    expect(plan(peers, 0, 6).short).to.include(0)
    expect(plan(peers, 0, 6, 0, 10).short).to.not.include(0)
  })
})
