import { expect } from 'chai'
import fc from 'fast-check'
import { Burst } from '../src/burst.js'
import { BURST_MS } from '../src/defaults.js'

describe('exchange: bursts', () => {
  it('grow to a block on a fast link, and shrink to a frame on a slow one', () => {
    const burst = new Burst(60_000, 262_144)
    expect(burst.bytes).to.equal(60_000)
    const sizes = [1, 1, 1, 1].map(ms => { burst.taken(ms); return burst.bytes })
    expect(sizes).to.deep.equal([120_000, 240_000, 262_144, 262_144])
    for (let i = 0; i < 5; i++) burst.taken(BURST_MS + 1)
    expect(burst.bytes).to.equal(60_000)
  })

  it('stay a frame where more must not be', () => {
    const burst = new Burst(16_000, 0)
    burst.taken(0)
    expect(burst.bytes).to.equal(16_000)
  })

  it('never leave their bounds', () => {
    fc.assert(fc.property(fc.array(fc.nat(4 * BURST_MS)), times => {
      const burst = new Burst(60_000, 262_144)
      for (const ms of times) {
        burst.taken(ms)
        expect(burst.bytes).to.be.within(60_000, 262_144)
      }
    }))
  })
})
