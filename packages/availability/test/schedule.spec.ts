import { expect } from 'chai'
import { seededRandom } from '@shoal/base'
import { COPIES, ENVELOPE_BYTES } from '../src/defaults.js'
import { announceInterval, Schedule } from '../src/schedule.js'

/** Times at which one peer speaks within `ms`, with the interval that `interval` gives at each time. */
function speak (seed: number, ms: number, interval: (now: number) => number, hastenAt: number[] = []): number[] {
  let now = 0
  const schedule = new Schedule(0, () => interval(now), seededRandom(seed))
  const hasten = [...hastenAt]
  const spoken: number[] = []
  for (;;) {
    const next = Math.min(schedule.dueAt, hasten[0] ?? Infinity)
    if (next > ms) return spoken
    now = next
    if (now === hasten[0]) {
      hasten.shift()
      schedule.hasten(now)
    } else if (schedule.due(now)) spoken.push(now)
  }
}

function gaps (times: number[]): number[] {
  return times.slice(1).map((time, i) => time - (times[i] as number))
}

describe('announcement schedule', () => {
  it('takes the same share of a link whether a hundred share a topic or fifty thousand', () => {
    for (const peers of [100, 1000, 10_000, 50_000]) {
      const interval = announceInterval(peers, 300, 3000)
      expect(peers * (300 + ENVELOPE_BYTES) * COPIES / interval * 1000).to.be.closeTo(3000, 1)
    }
    expect(announceInterval(1, 300, 3000)).to.equal(5000)
    expect(announceInterval(1e9, 300, 3000)).to.equal(16 * 3_600_000)
  })

  it('keeps the mean interval, and its bounds, whatever the random numbers', () => {
    const all = Array.from({ length: 200 }, (_, seed) => gaps(speak(seed, 600_000, () => 10_000))).flat()
    const mean = all.reduce((a, b) => a + b) / all.length
    expect(mean).to.be.within(8500, 11_500)
    for (const gap of all) expect(gap).to.be.at.least(10_000 * 0.5 / 1.2183).and.at.most(2 * 10_000 * 1.5 / 1.2182)
  })

  it('speaks first after half the time', () => {
    const firsts = Array.from({ length: 200 }, (_, seed) => speak(seed, 60_000, () => 10_000)[0] as number)
    for (const first of firsts) expect(first).to.be.within(2000, 12_400)
    expect(firsts.reduce((a, b) => a + b) / firsts.length).to.be.within(3500, 6500)
  })

  it('thinks again when the swarm grew meanwhile: a flash crowd does not speak as one', () => {
    const early = Array.from({ length: 500 }, (_, seed) => speak(seed, 60_000, now => now < 1500 ? 5000 : 500_000)).flat()
    expect(early).to.have.length.below(100)
  })

  it('hastens only within the bounds', () => {
    for (let seed = 0; seed < 50; seed++) {
      const spoken = speak(seed, 100_000, () => 10_000, Array.from({ length: 1000 }, (_, i) => 100 * i))
      for (const gap of gaps(spoken)) expect(gap).to.be.at.least(10_000 * 0.5 / 1.2183)
      const [first] = speak(seed, 100_000, () => 10_000, [1])
      expect(first).to.be.at.most(2100)
    }
  })
})
