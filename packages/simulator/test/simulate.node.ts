import { expect } from 'chai'
import { fluidBound } from '../src/bound.js'
import { freeride, lowLatency, swarm, vod } from '../src/scenarios.js'
import { simulate } from '../src/simulate.js'
import { smallLive } from './worlds.js'

function median (values: readonly (number | null)[]): number {
  return values.map(value => value ?? Infinity).toSorted((a, b) => a - b)[values.length >> 1] as number
}

describe('simulate', function () {
  this.timeout(120_000)

  it('gives the same report for the same seed, and another for another', async () => {
    const scenario = smallLive({ viewers: 8, seconds: 30, stay: { kind: 'weibull', shape: 0.59, scaleSeconds: 60 } })
    const one = JSON.stringify(await simulate(scenario))
    expect(JSON.stringify(await simulate(scenario))).to.equal(one)
    expect(JSON.stringify(await simulate({ ...scenario, seed: 2 }))).to.not.equal(one)
  })

  it('a live stream with upload to spare comes from the viewers, once from the origin, and does not stall', async () => {
    const report = await simulate(smallLive())
    expect(report.offload).to.be.within(0.9 * report.offloadCeiling, report.offloadCeiling + 0.01)
    expect(report.originCopies.mean).to.be.within(1, 1.1)
    expect(report.originFloor).to.be.within(1, report.originCopies.mean)
    expect(report.announceShare).to.be.below(0.01)
    expect(report.stallRatio).to.be.below(0.005)
    expect(report.startup.p50).to.be.below(6)
    expect(report.neighbours.p50).to.be.at.least(6)
  })

  it('uplinks that are slow for the half of all do not send the others to the origin', async () => {
    const nat = { open: 0.5, cone: 0.5, symmetric: 0 }
    const report = await simulate(smallLive({
      seed: 2,
      audience: [{ name: 'slow', share: 0.5, up: 6e6, down: 50e6, nat }, { name: 'quick', share: 0.5, up: 20e6, down: 100e6, nat }]
    }))
    // 4.2 when whoever was waited for at the origin might have been elsewhere
    expect(report.originCopies.mean).to.be.within(1, 1.8)
    expect(report.stallRatio).to.equal(0)
  })

  it('of a film, those who come later start each at the first segment, and the leader waits for none of them', async () => {
    const report = await simulate(vod({ viewers: 20, seconds: 60 }))
    expect(report.originCopies.mean - report.originFloor).to.be.below(0.2)
    expect(report.originCopies.p50).to.equal(1)
    expect(report.stallRatio).to.equal(0)
  })

  it('parts of a low-latency stream are there sooner by trees than by a mesh, from the origin about once, and for little waste', async () => {
    const scenario = { viewers: 6, seconds: 30 }
    const mesh = await simulate(lowLatency({ ...scenario, overlay: 'mesh' }))
    const tree = await simulate(lowLatency({ ...scenario, overlay: 'tree' }))
    expect(tree.delay.p50 / mesh.delay.p50).to.be.below(0.8)
    expect(tree.delay.p99 / mesh.delay.p99).to.be.below(0.9)
    expect(tree.originCopies.mean).to.be.within(1, 1.6)
    expect(tree.wasted / tree.fromPeers).to.be.below(0.05)
    expect(tree.stallRatio).to.be.below(0.001)
    // it is what is chosen for such a stream
    expect((await simulate(lowLatency(scenario))).delay).to.deep.equal(tree.delay)
  })

  it('with nobody but the origin all comes from there, as often as there are viewers', async () => {
    const report = await simulate(smallLive({ mode: 'origin' }))
    expect([report.offload, report.fromPeers, report.announceBpsPerPeer]).to.deep.equal([0, 0, 0])
    expect(report.originCopies.p50).to.equal(20)
  })

  it('plays a film that viewers come to one after the other', async () => {
    const report = await simulate({ ...vod({ viewers: 12, seconds: 60 }), stay: { kind: 'forever' } })
    expect(report.offload).to.be.above(0.5)
    expect(report.stallRatio).to.be.below(0.02)
    expect(report.fromPeers + report.fromOrigin).to.be.above(12 * 30 * 2.5e6 / 8)
  })

  it('goes on while viewers come and go, some without a word', async () => {
    const report = await simulate(smallLive({ stay: { kind: 'weibull', shape: 0.59, scaleSeconds: 45 }, vanish: 0.5 }))
    expect(report.sessions).to.be.above(30)
    expect(report.reported['peer:disconnect']).to.be.above(0)
    expect(report.peak).to.be.at.most(20)
    expect(report.offload).to.be.above(0.6)
    expect(report.stallRatio).to.be.below(0.03)
  })

  it('no more comes from peers than they can give, whenever it ends', async () => {
    const { offload, offloadCeiling } = await simulate(smallLive({ seconds: 28, warmUp: 20, sample: 20 }))
    expect(offload).to.be.within(0.5, offloadCeiling)
  })

  it('a swarm of a file takes no less than its fluid bound, and not much more', async () => {
    for (const seed of [1, 2]) {
      const scenario = swarm({ peers: 6, bytes: 16 * 2 ** 20, seed })
      const report = await simulate(scenario)
      const bound = fluidBound(scenario)
      for (const seconds of report.completed) expect((seconds ?? Infinity) / bound).to.be.within(1, 1.45)
      expect(report.publisherCopies).to.be.within(1, 1.45)
    }
  })

  it('a lone peer gets a file as fast as the publisher gives it', async () => {
    const scenario = swarm({ peers: 1, bytes: 8 * 2 ** 20 })
    const [seconds] = (await simulate(scenario)).completed
    // payload is 95 % of the rate; looking for the publisher takes a moment
    expect(((seconds ?? Infinity) * 0.95) / fluidBound(scenario)).to.be.within(1, 1.15)
  })

  it('who gives nothing while upload is scarce waits longer', async () => {
    const { completed } = await simulate(freeride({ givers: 6, riders: 4, bytes: 6 * 2 ** 20 }))
    expect(median(completed.slice(6)) / median(completed.slice(0, 6))).to.be.above(1)
    expect(completed).to.not.include(null)
  })

  it('says what makes no sense', async () => {
    const wrong = async (more: object): Promise<string> => {
      try {
        await simulate({ ...smallLive(), ...more })
        return 'nothing'
      } catch (error) {
        return error instanceof RangeError ? error.message : 'something else'
      }
    }
    expect(await wrong({ viewers: 0 })).to.include('viewers')
    expect(await wrong({ audience: [] })).to.include('shares')
    expect(await wrong({ seconds: -1 })).to.include('seconds')
    expect(await wrong({ tick: 0 })).to.include('tick')
  })
})
