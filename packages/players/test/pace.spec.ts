import { expect } from 'chai'
import fc from 'fast-check'
import { PEER_RATE_CEILING } from '../src/core/defaults.js'
import { Pace, type Delivery } from '../src/core/pace.js'

const SECONDS = 4
const BYTES = 250_000

/** The estimate of hls.js' abr-controller, bytes per ms, for a first fragment. */
function seen (pace: Pace, delivery: Delivery): number {
  const { start, first, end } = pace.report(delivery)
  return delivery.bytes / (end - start - (first - start))
}

function delivery (over: Partial<Delivery>): Delivery {
  return { bytes: BYTES, duration: SECONDS, start: 1000, first: 1050, end: 1500, onTime: true, source: 'peer', ...over }
}

describe('pace', () => {
  const own = BYTES / (SECONDS * 1000)

  it('reports the origin as it was', () => {
    expect(new Pace().report(delivery({ source: 'origin' }))).to.deep.equal({ start: 1000, first: 1050, end: 1500 })
  })

  it('does not take memory for bandwidth', () => {
    expect(seen(new Pace(), delivery({ source: 'store', first: 1000, end: 1001 }))).to.be.closeTo(PEER_RATE_CEILING * own, 1)
  })

  it('credits a neighbour with no more than the origin has shown, where that is more', () => {
    const pace = new Pace()
    pace.report(delivery({ source: 'origin', end: 1100 }))
    expect(seen(pace, delivery({ end: 1002 }))).to.be.closeTo(BYTES / 100, 1)
  })

  it('does not take patience for a slow network, but does take lateness', () => {
    const pace = new Pace()
    pace.report(delivery({ source: 'origin', end: 2000 }))
    expect(seen(pace, delivery({ first: 9000, end: 9100 }))).to.be.closeTo(BYTES / 1000, 1)
    expect(seen(pace, delivery({ first: 9000, end: 21_000, onTime: false }))).to.be.below(own)
  })

  it('keeps times in order and the end in place, whatever comes', () => {
    const step = fc.record({
      bytes: fc.integer({ min: 1, max: 1e7 }), ttfb: fc.nat(1e4), rest: fc.nat(1e5), onTime: fc.boolean(), source: fc.constantFrom('peer', 'origin', 'store')
    })
    fc.assert(fc.property(fc.array(step, { maxLength: 20 }), steps => {
      const pace = new Pace()
      for (const { bytes, ttfb, rest, onTime, source } of steps) {
        const start = 1e6
        const shown = pace.report({ bytes, duration: SECONDS, start, first: start + ttfb, end: start + ttfb + rest, onTime, source: source as Delivery['source'] })
        expect(shown.end).to.equal(start + ttfb + rest)
        expect(shown.start).to.be.at.most(shown.first)
        expect(shown.first).to.be.at.most(shown.end)
      }
    }))
  })
})
