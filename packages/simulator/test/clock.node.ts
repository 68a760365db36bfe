import { expect } from 'chai'
import fc from 'fast-check'
import { VirtualClock } from '../src/clock.js'
import { drained } from '../src/drain.node.js'

describe('virtual clock', () => {
  it('fires in order of time, then of setting, never early, and less than a tick late', async () => {
    const moments = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 60 })
    await fc.assert(fc.asyncProperty(moments, fc.constantFrom(0.25, 1, 5), async (times, tick) => {
      const clock = new VirtualClock(tick)
      const fired: { at: number, asked: number, order: number }[] = []
      times.forEach((asked, order) => { clock.at(asked, () => { fired.push({ at: clock.now(), asked, order }) }) })
      await clock.run(100, drained)
      expect(fired).to.have.length(times.length)
      for (const { at, asked } of fired) expect(at).to.be.within(asked - 1e-6, Math.max(tick, asked + tick) + 1e-6)
      for (let i = 1; i < fired.length; i++) {
        const [before, after] = [fired[i - 1], fired[i]] as [typeof fired[number], typeof fired[number]]
        expect(after.at > before.at || after.order > before.order).to.equal(true)
      }
    }), { numRuns: 50 })
  })

  it('lets all that follows from a moment happen before the next', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.at(1, () => {
      void (async () => {
        for (let i = 0; i < 20; i++) await Promise.resolve()
        log.push(`late, at ${clock.now()}`)
      })()
    })
    clock.at(2, () => { log.push('next') })
    await clock.run(5, drained)
    expect([log, clock.now()]).to.deep.equal([['late, at 1', 'next'], 5])
  })

  it('forgets what was cancelled, and goes no further than it is told', async () => {
    const clock = new VirtualClock()
    const log: number[] = []
    clock.after(3, () => { log.push(3) })()
    clock.after(4, () => { log.push(4) })
    clock.after(11, () => { log.push(11) })
    await clock.run(10, drained)
    expect([log, clock.now()]).to.deep.equal([[4], 10])
    await clock.run(11, drained)
    expect(log).to.deep.equal([4, 11])
  })
})
