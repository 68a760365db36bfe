import { expect } from 'chai'
import { MAX_WINDOW_BYTES, MIN_WINDOW_BYTES } from '../src/defaults.js'
import { LinkMeter } from '../src/meter.js'

/** A link of `rate` bytes a second that answers after `delay` ms, until its rate is known. */
function measured (rate: number, delay: number, maxWindow = MAX_WINDOW_BYTES): LinkMeter {
  const meter = new LinkMeter(maxWindow)
  meter.pong(delay)
  meter.busy(0)
  for (let ms = delay; ms < 5000; ms += 10) meter.arrived(rate / 100, ms)
  return meter
}

describe('exchange: request window', () => {
  for (const [rate, delay] of [[1e6, 20], [1e7, 50], [2e6, 200]] as const) {
    it(`is two bandwidth-delay products above the least: ${rate / 1e6} MB/s, ${delay} ms`, () => {
      const product = rate * delay / 1000
      expect(measured(rate, delay).window - MIN_WINDOW_BYTES).to.be.within(1.9 * product, 2.1 * product)
    })
  }

  it('follows the link when that gets slower', () => {
    const meter = measured(1e7, 50)
    const before = meter.window
    for (let ms = 5000; ms < 10_000; ms += 10) meter.arrived(1e4, ms)
    expect(meter.window).to.be.below(before)
    expect(meter.window - MIN_WINDOW_BYTES).to.be.within(0.9e5, 1.1e5)
  })

  it('is bounded by the memory that a session may take', () => {
    expect(measured(1e9, 500).window).to.equal(MAX_WINDOW_BYTES)
    expect(measured(1e9, 500, 1e6).window).to.equal(1e6)
  })

  it('is not told by what came unasked how soon the peer answers', () => {
    const meter = new LinkMeter(MAX_WINDOW_BYTES)
    meter.pong(50)
    meter.busy(0)
    meter.arrived(1, 80)
    meter.idle(80)
    meter.busy(1_000, false)
    meter.arrived(1, 1_000)
    expect(meter.delay).to.equal(80)
  })

  it('covers the whole delay when pings wait behind nothing but requests wait for the peer', () => {
    const meter = new LinkMeter(MAX_WINDOW_BYTES)
    meter.pong(1)
    meter.busy(0)
    for (let ms = 100; ms < 5000; ms += 10) meter.arrived(1e4, ms)
    expect(meter.delay).to.equal(100)
  })
})
