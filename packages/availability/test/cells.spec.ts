import { TopicValidatorResult } from '@libp2p/gossipsub'
import { expect } from 'chai'
import fc from 'fast-check'
import { cellOf, listened, nextDepth, placeOf, sharedBits, swarmSizeOf } from '../src/cells.js'
import { encodeAnnouncement } from '../src/codec.js'
import { ANNOUNCE_BYTES_PER_SECOND, CELL_MERGE, CELL_SPLIT, HEARD_AT_ONCE, HEARD_PER_SECOND, MAX_DEPTH } from '../src/defaults.js'
import { Crowd, Populace } from './crowd.js'

const SWARM = 'cd'.repeat(32)
const TOPIC = `/shoal/test/swarm/${SWARM}`
const MINUTE_MS = 60_000

describe('cells', () => {
  it('are halves of halves, and peers share them as far as their places agree', () => {
    fc.assert(fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), fc.nat(MAX_DEPTH), (a, b, depth) => {
      expect(cellOf(a, depth)).to.have.length(depth)
      expect(cellOf(a, MAX_DEPTH).startsWith(cellOf(a, depth))).to.equal(true)
      expect(sharedBits(a, b) >= depth).to.equal(cellOf(a, depth) === cellOf(b, depth))
    }))
    const counts = new Map<string, number>()
    for (let i = 0; i < 32_000; i++) {
      const cell = cellOf(placeOf(SWARM, `12D3KooWpeer${i}`), 5)
      counts.set(cell, (counts.get(cell) ?? 0) + 1)
    }
    for (const count of counts.values()) expect(count).to.be.within(850, 1150)
  })

  it('settle at one depth from wherever they start, and stay there', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1_500_000 }), fc.nat(MAX_DEPTH), (size, from) => {
      let depth = from
      for (let step = 0; step < 2 * MAX_DEPTH; step++) {
        const population = size / 2 ** depth
        depth = nextDepth({ depth, population, half: population / 2, settled: true, common: depth })
      }
      const population = size / 2 ** depth
      expect(nextDepth({ depth, population, half: population / 2, settled: true, common: depth }), 'it is at rest').to.equal(depth)
      if (depth > 0) expect(population).to.be.within(CELL_MERGE, CELL_SPLIT)
      else expect(population).to.be.at.most(CELL_SPLIT)
      expect(swarmSizeOf({ depth, population, half: population / 2, settled: true, common: depth })).to.be.closeTo(size, 1e-6 * size)
    }))
  })

  it('follow what is usual: a step away from it at most, and back from further', () => {
    const view = { population: 200, half: 100, settled: true }
    expect(nextDepth({ ...view, depth: 12, common: 3 }), 'led astray').to.equal(3)
    expect(nextDepth({ ...view, depth: 0, common: 9 }), 'a newcomer').to.equal(9)
    expect(nextDepth({ ...view, depth: 3, common: 3, population: 900 })).to.equal(4)
    expect(nextDepth({ ...view, depth: 4, common: 3, population: 900 }), 'not without the others').to.equal(4)
    expect(nextDepth({ ...view, depth: 3, common: 4, half: CELL_MERGE }), 'after the others').to.equal(4)
    expect(nextDepth({ ...view, depth: 3, common: 4, half: CELL_MERGE - 1 }), 'its half is too small for that').to.equal(3)
    expect(nextDepth({ ...view, depth: 3, common: 3, population: 100 })).to.equal(2)
    expect(nextDepth({ ...view, depth: 3, common: 3, population: 100, settled: false }), 'it has not heard all yet').to.equal(3)
  })

  it('hear where they came from and where they may go', () => {
    expect(listened({ depth: 0, population: 10, common: 0 })).to.deep.equal([])
    expect(listened({ depth: 0, population: CELL_SPLIT, common: 0 })).to.deep.equal([1])
    expect(listened({ depth: 0, population: 60, common: 1 }), 'the others are there').to.deep.equal([1])
    expect(listened({ depth: 5, population: 200, common: 5 })).to.deep.equal([4, 5, 6])
    expect(listened({ depth: MAX_DEPTH, population: 200, common: MAX_DEPTH })).to.deep.equal([MAX_DEPTH - 1, MAX_DEPTH])
  })

  it('are as large as their halves say where one of these speaks elsewhere', () => {
    expect(swarmSizeOf({ depth: 0, population: 270, half: 250, settled: true, common: 1 })).to.equal(500)
    expect(swarmSizeOf({ depth: 2, population: 120, half: 110, settled: true, common: 2 })).to.equal(880)
    expect(swarmSizeOf({ depth: 0, population: 2, half: 2, settled: true, common: 0 }), 'two who happen to be in one half').to.equal(2)
  })
})

describe('a swarm that is divided', () => {
  it('of a hundred thousand costs one who comes in what one of a hundred costs, and is known for as large as it is', async () => {
    const rates: number[] = []
    for (const [count, depth] of [[100, 0], [100_000, 9]] as const) {
      const crowd = new Crowd(SWARM)
      const viewer = await crowd.add()
      const populace = new Populace(crowd, SWARM, viewer.name, { count, depth })
      crowd.clock.advance(2 * MINUTE_MS)
      expect(viewer.depth, 'learnt from what the others say').to.equal(depth)
      expect(viewer.announcing.swarmSize(SWARM) / count, 'before all have spoken').to.be.within(0.7, 1.3)
      crowd.clock.advance(2 * populace.interval)
      for (let look = 0; look < 10; look++) {
        viewer.heard = 0
        crowd.clock.advance(populace.interval)
        rates.push(viewer.heard / populace.interval * 1000)
        expect(viewer.announcing.swarmSize(SWARM) / count).to.be.within(0.7, 1.3)
        expect(viewer.depth).to.equal(depth)
      }
      expect(viewer.events).to.deep.equal([])
      populace.stop()
    }
    for (const rate of rates) expect(rate).to.be.within(0.8 * ANNOUNCE_BYTES_PER_SECOND, 1.2 * ANNOUNCE_BYTES_PER_SECOND)
  })

  it('is divided by those in it when it grows, and is one again when they go', async () => {
    const crowd = new Crowd(SWARM)
    const viewer = await crowd.add()
    const populace = new Populace(crowd, SWARM, viewer.name, { count: 700, depth: 0 })
    crowd.clock.advance(2 * populace.interval)
    expect(viewer.depth, 'too many for one cell').to.equal(1)
    // it goes on to hear those who have not found out yet
    expect(viewer.announcing.swarmSize(SWARM) / 700).to.be.within(0.7, 1.3)
    populace.depth = 1
    crowd.clock.advance(3 * populace.interval)
    expect(viewer.depth).to.equal(1)
    expect(viewer.announcing.swarmSize(SWARM) / 700).to.be.within(0.7, 1.3)
    const { rendezvous, size, has } = viewer.announcing.cell(SWARM)
    expect(rendezvous).to.have.length(64).and.not.equal(SWARM)
    expect(size).to.be.within(280, 420)
    expect(Array.from({ length: 1000 }, (_, i) => `x${i}`).filter(has).length).to.be.within(420, 580)
    populace.stop()
    const left = new Populace(crowd, SWARM, viewer.name, { count: 60, depth: 1, seed: 9 })
    crowd.clock.advance(60 * MINUTE_MS)
    left.depth = 0
    crowd.clock.advance(30 * MINUTE_MS)
    expect(viewer.depth).to.equal(0)
    expect(viewer.announcing.swarmSize(SWARM)).to.be.within(50, 80)
    expect(viewer.announcing.cell(SWARM)).to.deep.include({ rendezvous: SWARM })
    left.stop()
  })

  it('is joined in its division by who comes in and heard few of it', async () => {
    const crowd = new Crowd(SWARM)
    const viewer = await crowd.add()
    const late = new Populace(crowd, SWARM, viewer.name, { count: 30, depth: 0, seed: 5 })
    crowd.clock.advance(MINUTE_MS)
    expect(viewer.depth).to.equal(0)
    const populace = new Populace(crowd, SWARM, viewer.name, { count: 600, depth: 1 })
    late.stop()
    crowd.clock.advance(3 * populace.interval)
    expect(viewer.depth).to.equal(1)
    expect(viewer.announcing.swarmSize(SWARM) / 600).to.be.within(0.7, 1.3)
    populace.stop()
  })

  it('is not divided by one who says so', async () => {
    const crowd = new Crowd(SWARM)
    const viewer = await crowd.add()
    const said = { have: { complete: [], partial: [] }, capacity: 2, share: 0, addrs: [], ttl: 3600, depth: 12 } as const
    crowd.say('liar', TOPIC, encodeAnnouncement('liar', { ...said, sequence: 1 }))
    const populace = new Populace(crowd, SWARM, viewer.name, { count: 50, depth: 0 })
    crowd.clock.advance(3 * MINUTE_MS)
    expect(viewer.depth).to.equal(0)
    expect(viewer.announcing.swarmSize(SWARM)).to.be.within(50, 53)
    populace.stop()
  })

  it('refuses who speaks in a cell that is not its own, or of another depth', async () => {
    const crowd = new Crowd(SWARM)
    const viewer = await crowd.add()
    const populace = new Populace(crowd, SWARM, viewer.name, { count: 3000, depth: 4 })
    crowd.clock.advance(2 * MINUTE_MS)
    expect(viewer.depth).to.equal(4)
    populace.stop()
    const place = placeOf(SWARM, viewer.name)
    const topic = `${TOPIC}/${cellOf(place, 4)}`
    const names = Array.from({ length: 200 }, (_, i) => `stranger ${i}`)
    const mate = names.find(name => sharedBits(placeOf(SWARM, name), place) >= 4) ?? ''
    const stranger = names.find(name => sharedBits(placeOf(SWARM, name), place) < 4) ?? ''
    const said = { have: { complete: [], partial: [] }, capacity: 2, share: 0, addrs: [], ttl: 3600, sequence: 1 } as const
    expect(crowd.say(stranger, topic, encodeAnnouncement(stranger, { ...said, depth: 4 }))).to.deep.equal([TopicValidatorResult.Reject])
    expect(crowd.say(mate, topic, encodeAnnouncement(mate, { ...said, depth: 3 }))).to.deep.equal([TopicValidatorResult.Reject])
    expect(crowd.say(mate, topic, encodeAnnouncement(mate, { ...said, depth: 4 }))).to.deep.equal([TopicValidatorResult.Accept])
    expect(viewer.events.map(({ type }) => type)).to.deep.equal(['rejected', 'rejected'])
  })

  it('passes on no more than a share of what strangers with many names say, tells it once, and hears the honest after it', async () => {
    const crowd = new Crowd(SWARM)
    const viewer = await crowd.add()
    const said = { have: { complete: [], partial: [] }, capacity: 2, share: 0, addrs: [], ttl: 10, sequence: 1 } as const
    let passed = 0
    for (let i = 0; i < 20_000; i++) {
      if (i % 1000 === 0) crowd.clock.advance(1000)
      if (crowd.say(`sybil ${i}`, TOPIC, encodeAnnouncement('', said)).includes(TopicValidatorResult.Accept)) passed++
    }
    expect(passed).to.be.at.most(HEARD_AT_ONCE + 20 * HEARD_PER_SECOND)
    expect(viewer.events.map(({ type }) => type)).to.deep.equal(['shed'])
    crowd.clock.advance(MINUTE_MS)
    expect(crowd.say('honest', TOPIC, encodeAnnouncement('', said))).to.deep.equal([TopicValidatorResult.Accept])
  })

  it('does not hear a crowd of newcomers speak to all of it as to a small one', async () => {
    const crowd = new Crowd(SWARM)
    const viewer = await crowd.add()
    const populace = new Populace(crowd, SWARM, viewer.name, { count: 30_000, depth: 7 })
    crowd.clock.advance(2 * MINUTE_MS)
    let toAll = 0
    const listening = crowd.say.bind(crowd)
    crowd.say = (from, topic, data) => {
      if (topic === TOPIC && from.startsWith('peer-')) toAll++
      return listening(from, topic, data)
    }
    for (let i = 0; i < 40; i++) await crowd.add()
    crowd.clock.advance(2 * MINUTE_MS)
    expect(toAll).to.be.at.most(4)
    populace.stop()
  })
})
