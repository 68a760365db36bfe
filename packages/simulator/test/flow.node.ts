import { expect } from 'chai'
import fc from 'fast-check'
import { VirtualClock } from '../src/clock.js'
import { drained } from '../src/drain.node.js'
import { EvenLink } from '../src/even-link.js'
import { LastLink, SharedLink, type Flow, type Link } from '../src/flow.js'

const starts = fc.array(fc.record({
  at: fc.integer({ min: 0, max: 200 }), bytes: fc.integer({ min: 1, max: 50_000 }), cap: fc.constantFrom(20, 100, 1e6)
}), { minLength: 1, maxLength: 12 })

describe('shared link', () => {
  it('never carries more than its capacity, and never less while somebody could use it', async () => {
    await fc.assert(fc.asyncProperty(starts, async given => {
      const capacity = 100
      const clock = new VirtualClock(1)
      const link = new SharedLink(capacity, clock)
      const ended = new Map<number, number>()
      given.forEach(({ at, bytes, cap }, i) => {
        clock.at(at, () => { link.start({ left: bytes, cap, rate: 0, done: end => { ended.set(i, end) } }) })
      })
      for (let ms = 1; ms <= 300; ms++) clock.at(ms, () => { expect(link.carried).to.be.at.most(capacity * ms + 1) })
      await clock.run(60_000, drained)
      const total = given.reduce((sum, { bytes }) => sum + bytes, 0)
      expect(ended.size).to.equal(given.length)
      expect(link.flows).to.equal(0)
      expect(link.carried).to.be.closeTo(total, 0.05 * given.length)
      // no flow is faster than its cap or the link
      given.forEach(({ at, bytes, cap }, i) => {
        expect(ended.get(i)).to.be.at.least(Math.max(1, at) + bytes / Math.min(cap, capacity) - 0.01)
      })
      const last = Math.max(...ended.values())
      const first = Math.max(1, Math.min(...given.map(({ at }) => at)))
      expect(last - first).to.be.at.least(total / capacity - 0.01)
    }), { numRuns: 100 })
  })

  it('is busy until all is carried: as long as the sum takes', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 12 }), async sizes => {
      const clock = new VirtualClock(1)
      const link = new SharedLink(100, clock)
      let last = 0
      clock.at(1, () => { for (const left of sizes) link.start({ left, cap: 1e6, rate: 0, done: at => { last = at } }) })
      await clock.run(60_000, drained)
      expect(last - 1).to.be.closeTo(sizes.reduce((sum, size) => sum + size, 0) / 100, 0.01)
    }))
  })

  it('shares equally, and what one cannot take the others get', async () => {
    const clock = new VirtualClock(1)
    const link = new SharedLink(100, clock)
    const flow = (cap: number): Flow => ({ left: 10_000, cap, rate: 0, done: () => {} })
    const flows = [flow(10), flow(1e6), flow(1e6)]
    for (const each of flows) link.start(each)
    expect(flows.map(({ rate }) => rate)).to.deep.equal([10, 45, 45])
    link.stop(flows[1] as Flow)
    expect(flows.map(({ rate }) => rate)).to.deep.equal([10, 0, 90])
  })
})

describe('even link', () => {
  const comes = fc.array(fc.record({
    at: fc.integer({ min: 0, max: 200 }), bytes: fc.integer({ min: 1, max: 50_000 }),
    // ms after which it is given up
    stays: fc.option(fc.integer({ min: 1, max: 400 }))
  }), { minLength: 1, maxLength: 15 })

  it('gives each flow what a shared link gives it when all have one cap', async () => {
    await fc.assert(fc.asyncProperty(comes, fc.constantFrom(15, 40, 1e6), async (given, cap) => {
      const run = async (make: (clock: VirtualClock) => Link & { carried: number, flows: number }): Promise<number[]> => {
        const clock = new VirtualClock(1)
        const link = make(clock)
        const ends = given.map(() => -1)
        const left = given.map(() => -1)
        given.forEach(({ at, bytes, stays }, i) => {
          const flow: Flow = { left: bytes, cap, rate: 0, done: end => { ends[i] = end } }
          clock.at(at, () => { link.start(flow) })
          if (stays !== null) clock.at(at + stays, () => { if (link.stop(flow)) left[i] = flow.left })
        })
        const carried: number[] = []
        for (let ms = 50; ms <= 500; ms += 50) clock.at(ms, () => { carried.push(link.carried) })
        await clock.run(60_000, drained)
        expect(link.flows).to.equal(0)
        return [...ends, ...left, ...carried, link.carried]
      }
      const expected = await run(clock => new SharedLink(100, clock))
      const found = await run(clock => new EvenLink(100, cap, clock))
      // a hundredth of a byte is rounded away for each flow
      for (const [i, value] of found.entries()) expect(value).to.be.closeTo(expected[i] as number, 0.2)
    }), { numRuns: 200 })
  })
})

describe('last link', () => {
  it('passes what comes in order, never faster than it can, and at once when it is free', () => {
    const comes = fc.record({ gap: fc.integer({ min: 0, max: 100 }), bytes: fc.integer({ min: 1, max: 10_000 }) })
    fc.assert(fc.property(fc.array(comes, { minLength: 1, maxLength: 30 }), given => {
      const link = new LastLink(100)
      let at = 0
      let through = 0
      const ends: { end: number, bytes: number }[] = []
      for (const { gap, bytes } of given) {
        at += gap
        const end = link.pass(bytes, at)
        expect(end).to.be.at.least(Math.max(at, through))
        ends.push({ end, bytes })
        through = end
      }
      for (let i = 0; i < ends.length; i++) {
        let bytes = 0
        for (let j = i + 1; j < ends.length; j++) {
          bytes += (ends[j] as { bytes: number }).bytes
          const [from, to] = [ends[i], ends[j]] as [typeof ends[number], typeof ends[number]]
          expect(bytes).to.be.at.most(100 * (to.end - from.end) + 1e-6)
        }
      }
    }))
    expect(new LastLink(100).pass(1_000, 50)).to.equal(50)
  })
})
