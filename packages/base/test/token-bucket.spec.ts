import { expect } from 'chai'
import fc from 'fast-check'
import { ManualClock } from '../src/clock.js'
import { TokenBucket } from '../src/token-bucket.js'

describe('TokenBucket', () => {
  it('starts full, goes into debt once, and pays by waiting', () => {
    const clock = new ManualClock()
    const bucket = new TokenBucket(clock, 1000, 100)
    expect(bucket.take(350)).to.equal(true)
    expect(bucket.take(1)).to.equal(false)
    expect(bucket.wait()).to.equal(250)
    clock.advance(250)
    expect(bucket.take(1)).to.equal(false, 'the debt is paid, but no token is there yet')
    clock.advance(1)
    expect(bucket.take(1)).to.equal(true)
  })

  it('holds no more than its burst, a quarter of a second unless told otherwise', () => {
    const clock = new ManualClock()
    const bucket = new TokenBucket(clock, 1000)
    expect(bucket.burst).to.equal(250)
    clock.advance(60_000)
    bucket.take(250)
    expect(bucket.take(1)).to.equal(false)
  })

  it('never waits at an infinite rate, and for ever at none', () => {
    const clock = new ManualClock()
    const free = new TokenBucket(clock, Infinity)
    expect([free.take(1e12), free.take(1e12), free.wait()]).to.deep.equal([true, true, 0])
    const shut = new TokenBucket(clock, 0)
    expect([shut.take(1), shut.wait()]).to.deep.equal([false, Infinity])
  })

  it('owes what was spent without asking, as much as it was', () => {
    const clock = new ManualClock()
    const bucket = new TokenBucket(clock, 1000, 100)
    bucket.spend(100)
    bucket.spend(500)
    expect(bucket.wait()).to.equal(500)
    clock.advance(501)
    expect(bucket.take(1)).to.equal(true)
    const free = new TokenBucket(clock, Infinity)
    free.spend(1e12)
    expect(free.wait()).to.equal(0)
  })

  it('counts what flowed in at the old rate when the rate changes', () => {
    const clock = new ManualClock()
    const bucket = new TokenBucket(clock, 1000, 1000)
    bucket.take(2000)
    clock.advance(500)
    bucket.rate = 100
    expect(bucket.rate).to.equal(100)
    expect(bucket.wait()).to.equal(5000)
  })

  it('grants no more than rate × time + burst + one debt, whatever is asked when', () => {
    const asked = fc.array(fc.record({ pause: fc.nat(500), amount: fc.integer({ min: 1, max: 5000 }) }), { maxLength: 100 })
    fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 5000 }), asked, (rate, burst, steps) => {
      const clock = new ManualClock()
      const bucket = new TokenBucket(clock, rate, burst)
      let granted = 0
      for (const { pause, amount } of steps) {
        clock.advance(pause)
        if (!bucket.take(amount)) continue
        granted += amount
        expect(granted - amount).to.be.lessThan(burst + rate * clock.now() / 1000 + 1e-6)
      }
    }))
  })

  it('grants after the wait that it names', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 100_000 }), (rate, amount) => {
      const clock = new ManualClock()
      const bucket = new TokenBucket(clock, rate, 1)
      bucket.take(amount)
      clock.advance(bucket.wait() + 1)
      expect(bucket.take(1)).to.equal(true)
    }))
  })
})
