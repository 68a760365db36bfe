import { expect } from 'chai'
import fc from 'fast-check'
import { DecayingRate, Ewma } from '../src/ewma.js'

describe('Ewma', () => {
  it('takes the first sample as it is, then moves by the weight of each', () => {
    const ewma = new Ewma(0.25)
    expect(ewma.value).to.equal(undefined)
    expect(ewma.add(100)).to.equal(100)
    expect(ewma.add(200)).to.equal(125)
    expect(ewma.value).to.equal(125)
  })

  it('stays between the least and the greatest sample', () => {
    const samples = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 })
    fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), samples, (weight, values) => {
      const ewma = new Ewma(weight)
      for (const value of values) ewma.add(value)
      const slack = 1e-6 * Math.max(...values.map(Math.abs))
      expect(ewma.value).to.be.within(Math.min(...values) - slack, Math.max(...values) + slack)
    }))
  })
})

describe('DecayingRate', () => {
  it('reads a steady stream at its rate, when young and when old', () => {
    const rate = new DecayingRate(0, 2000)
    for (let now = 10; now <= 20_000; now += 10) {
      rate.add(50, now)
      if (now === 500 || now === 20_000) expect(rate.perSecond(now)).to.be.closeTo(5000, 100)
    }
  })

  it('halves every half-life without any', () => {
    const rate = new DecayingRate(0, 1000)
    for (let now = 10; now <= 30_000; now += 10) rate.add(10, now)
    const before = rate.perSecond(30_000)
    expect(rate.perSecond(31_000) / before).to.be.closeTo(0.5, 0.001)
    expect(rate.perSecond(34_000) / before).to.be.closeTo(1 / 16, 0.001)
  })

  it('is finite and never negative, even at the moment it starts or when time stands still', () => {
    const steps = fc.array(fc.tuple(fc.nat(1000), fc.nat(1_000_000)))
    fc.assert(fc.property(steps, fc.integer({ min: 1, max: 60_000 }), (all, halfLife) => {
      const rate = new DecayingRate(0, halfLife)
      let now = 0
      for (const [pause, amount] of all) {
        now += pause
        rate.add(amount, now)
        expect(rate.perSecond(now)).to.be.within(0, Number.MAX_VALUE)
      }
    }))
  })
})
