import { expect } from 'chai'
import fc from 'fast-check'
import { ManualClock, seededRandom } from '@shoal/base'
import { Alarm } from '../src/alarm.js'
import { CELL_NEIGHBOURS, FIND_FIRST_MS, FIND_IDLE_MAX_MS, FIND_MAX_MS, PROVIDER_SAMPLE, PROVIDE_REVIEW_MS } from '../src/defaults.js'
import { localityOf, nearness } from '../src/locality.js'
import { findPause, inSample } from '../src/pace.js'
import { preference } from '../src/preference.js'
import { Provision } from '../src/provision.js'
import type { Shared } from '../src/shared.js'

const SWARM = 'ab'.repeat(32)

describe('where a peer is', () => {
  const office = { site: '203.0.113.7', region: '203.0' }

  it('is the same for all behind one address, near for one provider, and nothing without both words', () => {
    const ours = localityOf(SWARM, office)
    expect(nearness(ours, localityOf(SWARM, { ...office }))).to.equal(2)
    expect(nearness(ours, localityOf(SWARM, { site: '203.0.200.1', region: '203.0' }))).to.equal(1)
    expect(nearness(ours, localityOf(SWARM, { site: '203.0.113.7', region: 'elsewhere' })), 'a site counts only in its region').to.equal(0)
    expect(nearness(ours, undefined)).to.equal(0)
    expect(localityOf(SWARM, { site: 'x' })).to.equal(undefined)
    expect(nearness(undefined, undefined), 'who knows nothing of itself is near nobody').to.equal(0)
  })

  it('tells no address: thousands of them share each hint, and another swarm has others', () => {
    const hints = new Map<string, number>()
    const addresses = 50_000
    for (let i = 0; i < addresses; i++) {
      const [a, b] = [i % 251, i % 241]
      const { site, region } = localityOf(SWARM, { site: `${a}.${b}.${i >>> 8}.${i & 255}`, region: `${a}.${b}` }) ?? { site: -1, region: -1 }
      for (const key of [`site ${site}`, `region ${region}`]) hints.set(key, (hints.get(key) ?? 0) + 1)
    }
    const shares = (kind: string): number[] => [...hints].filter(([key]) => key.startsWith(kind)).map(([, count]) => count)
    expect(shares('site').length).to.be.within(4000, 4096)
    expect(Math.max(...shares('site')) / (addresses / 4096)).to.be.below(4)
    expect(shares('region')).to.have.length(256)
    expect(localityOf('cd'.repeat(32), office)).to.not.deep.equal(localityOf(SWARM, office))
  })
})

describe('whom to dial', () => {
  const company = { target: 12, local: 0, ofCell: 0 }

  it('is a few of our own cell first, then those who are near, the nearer the sooner', () => {
    const order = [
      { nearness: 0, ofCell: true }, { nearness: 2, ofCell: false }, { nearness: 1, ofCell: false }, { nearness: 0, ofCell: false }
    ] as const
    const worth = order.map(candidate => preference(candidate, company))
    expect(worth).to.deep.equal(worth.toSorted((a, b) => b - a))
    expect(new Set(worth).size).to.equal(4)
    const enough = { ...company, ofCell: CELL_NEIGHBOURS }
    expect(preference({ nearness: 0, ofCell: true }, enough)).to.equal(preference({ nearness: 0, ofCell: false }, enough))
  })

  it('leaves a share to those who are far: a site must not keep to itself', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), fc.boolean(), (target, near) => {
      let [local, far] = [0, 0]
      for (let i = 0; i < target; i++) {
        const company = { target, local, ofCell: CELL_NEIGHBOURS }
        if (preference({ nearness: near ? 2 : 1, ofCell: true }, company) > preference({ nearness: 0, ofCell: true }, company)) local++
        else far++
      }
      expect(local).to.equal(Math.floor(target * 2 / 3))
      expect(far).to.be.at.least(1)
    }))
  })
})

describe('how often to look', () => {
  const run = (quiet: Parameters<typeof findPause>[1], times = 20): number[] => {
    const pauses = [FIND_FIRST_MS]
    for (let i = 0; i < times; i++) pauses.push(findPause(pauses.at(-1) ?? 0, quiet))
    return pauses
  }

  it('is every minute for who is alone or waits for bytes, every ten for who needs nobody', () => {
    const alone = run({ neighbours: 0, swarmSize: 1, active: false })
    expect(alone.slice(0, 9)).to.deep.equal([1, 2, 4, 8, 16, 32, 60, 60, 60].map(s => s * 1000))
    expect(run({ neighbours: 3, swarmSize: 50, active: true }).at(-1)).to.equal(FIND_MAX_MS)
    expect(run({ neighbours: 3, swarmSize: 50, active: false }).at(-1), 'nobody waits').to.equal(FIND_IDLE_MAX_MS)
    expect(run({ neighbours: 3, swarmSize: 4, active: true }).at(-1), 'all are here').to.equal(FIND_IDLE_MAX_MS)
    expect(findPause(FIND_IDLE_MAX_MS, { neighbours: 0, swarmSize: 9, active: false }), 'alone again').to.equal(FIND_MAX_MS)
  })

  it('costs an idle node a tenth of what it cost before', () => {
    const looks = (pauses: number[]): number => {
      let [at, count] = [0, 0]
      for (const pause of pauses) if ((at += pause) < 3_600_000) count++
      return count
    }
    const idle = looks(run({ neighbours: 3, swarmSize: 4, active: true }, 100))
    const alone = looks(run({ neighbours: 0, swarmSize: 1, active: true }, 100))
    expect(idle).to.be.at.most(16)
    expect(alone).to.be.at.least(60)
  })
})

describe('who can be found', () => {
  it('are all of a small swarm and about twenty of a large one; an estimate that goes up and down changes nothing', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: PROVIDER_SAMPLE }), (draw, size) => {
      expect(inSample(draw, size, false)).to.equal(true)
    }))
    const draws = Array.from({ length: 10_000 }, (_, i) => (i + 0.5) / 10_000)
    expect(draws.filter(draw => inSample(draw, 10_000, false))).to.have.length(PROVIDER_SAMPLE)
    for (const draw of draws) if (inSample(draw, 1000, false)) expect(inSample(draw, 1900, true)).to.equal(true)
    expect(draws.filter(draw => inSample(draw, 10_000, true)), 'of those who came when it was small').to.have.length(2 * PROVIDER_SAMPLE)
  })

  function setup (size: number) {
    const clock = new ManualClock()
    const provided = new Set<string>()
    const state = { size, duty: true, cell: { rendezvous: SWARM, size, has: () => true } }
    const routing = { provide: (swarm: string) => { provided.add(swarm) }, unprovide: (swarm: string) => { provided.delete(swarm) } }
    const shared = { alarm: new Alarm(clock), components: { clock, routing, random: seededRandom(3) } } as unknown as Shared
    const provision = new Provision({
      swarm: SWARM, shared, gives: () => state.duty, swarmSize: () => state.size, cell: () => state.cell
    })
    return { clock, provided, state, provision }
  }

  it('take the place of those who left, and make room when the swarm has grown', () => {
    const { clock, provided, state, provision } = setup(1_000_000)
    provision.look()
    expect([...provided]).to.deep.equal([])
    state.size = 10
    clock.advance(PROVIDE_REVIEW_MS)
    expect([...provided], 'nothing else but time has passed').to.deep.equal([SWARM])
    state.size = 1_000_000
    clock.advance(PROVIDE_REVIEW_MS)
    expect([...provided]).to.deep.equal([])
  })

  it('are found by those of their cell in a swarm that is divided, wherever that moves', () => {
    const { clock, provided, state, provision } = setup(1_000_000)
    state.cell = { rendezvous: 'cell a', size: 10, has: () => true }
    provision.look()
    expect([...provided]).to.deep.equal(['cell a'])
    state.cell = { rendezvous: 'cell b', size: 10, has: () => true }
    provision.look()
    expect([...provided]).to.deep.equal(['cell b'])
    state.duty = false
    clock.advance(PROVIDE_REVIEW_MS)
    expect([...provided]).to.deep.equal([])
    state.duty = true
    provision.look()
    provision.stop()
    clock.advance(10 * PROVIDE_REVIEW_MS)
    expect([...provided]).to.deep.equal([])
  })
})
