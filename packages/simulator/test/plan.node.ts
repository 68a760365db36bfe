import { expect } from 'chai'
import fc from 'fast-check'
import { plan } from '../src/plan.js'
import { arrivalsOf, diurnalShare, stayOf, stayQuantile } from '../src/random.js'
import { MEASURED_STAY } from '../src/scenarios.js'
import { svg } from '../src/svg.js'
import { seededRandom } from '@shoal/base'

const nat = { open: 1, cone: 0, symmetric: 0 }

describe('plan', () => {
  it('says what peers give at the peak, and what the origin has to hold ready', () => {
    const half = { share: 0.5, up: 4e6, down: 1e8, nat }
    const init = { viewers: 1000, bitrate: 1e6, audience: [{ name: 'a', ...half }, { name: 'b', ...half, rate: 0 }], lost: 0.25 }
    expect(plan(init)).to.deep.equal({
      demand: 1e9, uplinks: 2e9, contribution: 999e6, offload: 0.999, origin: 1e6, fallback: 1e6 + 0.25 * 999e6, perViewer: 999e3,
      surplus: 2, halfLife: undefined
    })
    expect(plan({ ...init, bitrate: 4e6 })).to.include({ contribution: 2e9, offload: 0.5, origin: 2e9 })
  })

  it('never promises more than is asked for or can be given', () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1e5, max: 2e7 }), fc.integer({ min: 1, max: 1e8 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (viewers, bitrate, up, efficiency) => {
        const audience = [{ name: 'a', share: 1, up, down: 1e9, nat }]
        const { demand, uplinks, contribution, origin, fallback } = plan({ viewers, bitrate, audience, efficiency })
        expect(contribution).to.be.within(0, Math.min(demand, uplinks))
        expect(origin + contribution).to.be.closeTo(demand, 1e-6 * demand)
        expect(fallback).to.be.within(origin, demand)
        expect(origin).to.be.at.least(bitrate * (1 - 1e-9))
      }))
  })

  it('refuses what makes no sense', () => {
    const init = { viewers: 1, bitrate: 1, audience: [] }
    for (const more of [{ viewers: 0 }, { bitrate: NaN }, { efficiency: 2 }, { lost: -1 }, { originCopies: 2 }]) {
      expect(() => plan({ ...init, ...more })).to.throw(RangeError)
    }
  })
})

describe('who comes and stays', () => {
  it('stays are distributed as asked', () => {
    const random = seededRandom(1)
    for (const stay of [MEASURED_STAY, { kind: 'lognormal', mu: 5, sigma: 1.5 }] as const) {
      const stays = Array.from({ length: 4_000 }, () => stayOf(stay, random) / 1000).sort((a, b) => a - b)
      for (const share of [0.1, 0.5, 0.9]) expect(stays[4_000 * share] as number / stayQuantile(stay, share)).to.be.within(0.8, 1.25)
    }
    expect(stayOf({ kind: 'forever' }, random)).to.equal(Infinity)
  })

  it('arrivals are in order and within their time, a flash crowd in its middle', () => {
    const random = seededRandom(1)
    expect(arrivalsOf({ kind: 'none' }, 3, 60, random)).to.deep.equal([0, 0, 0])
    const spread = (kind: 'constant' | 'flash'): number => {
      const times = arrivalsOf({ kind, seconds: 100 }, 1_000, 500, random)
      expect(times).to.deep.equal(times.toSorted((a, b) => a - b))
      expect(times.at(-1)).to.be.at.most(100_000)
      return times.filter(at => at > 25_000 && at < 75_000).length
    }
    expect(spread('flash')).to.be.above(spread('constant') + 100)
    expect([diurnalShare(0, 100), diurnalShare(50_000, 100)]).to.deep.equal([1 / 3, 1])
  })
})

describe('plots', () => {
  it('are well-formed, whatever the names and numbers', () => {
    for (const points of [[], [[1, 0]], [[100, 5], [100_000, 7e6]]] as [number, number][][]) {
      const drawing = svg({ title: 'a < b & c', x: 'x', y: 'y', logX: points.length > 1, lines: [{ name: '<>', points }] })
      expect(drawing).to.match(/^<svg [^>]+>\n[^]*<\/svg>\n$/)
      expect(drawing).to.not.match(/NaN|Infinity|undefined/)
      expect(drawing).to.include('a &lt; b &amp; c')
    }
  })
})
