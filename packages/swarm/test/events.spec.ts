import { expect } from 'chai'
import fc from 'fast-check'
import { BLOCKS, Driver, SEGMENTS } from './driver.js'

const peer = fc.integer({ min: 0, max: 5 }).map(n => `peer-${n}`)
const block = fc.nat(SEGMENTS * BLOCKS - 1)
const stretch = fc.tuple(fc.nat(SEGMENTS - 1), fc.nat(BLOCKS - 1), fc.integer({ min: 1, max: BLOCKS }))
const left = fc.option(fc.integer({ min: -500, max: 30_000 }))

type Event = (driver: Driver) => void
/** An event of a peer that is here. */
const of = (name: string, fn: (driver: Driver) => void): Event => driver => { if (driver.peers.has(name)) fn(driver) }

const event = (deadlines: boolean): fc.Arbitrary<Event> => fc.oneof(
  { weight: 3, arbitrary: fc.tuple(stretch, left).map(([[segment, first, count], left]): Event => driver => {
    const deadline = left === null || !deadlines ? undefined : driver.clock.now() + left
    driver.want(segment, first, Math.min(BLOCKS, first + count), deadline)
  }) },
  { weight: 1, arbitrary: fc.nat().map((n): Event => driver => {
    const ids = [...driver.wants.keys()]
    if (ids.length > 0) driver.unwant(ids[n % ids.length] as number)
  }) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.nat(20_000)).map(([n, left]): Event => driver => {
    const ids = [...driver.wants.keys()]
    if (ids.length > 0 && deadlines) driver.swarm.redate(ids[n % ids.length] as number, n % 3 === 0 ? undefined : driver.clock.now() + left)
  }) },
  { weight: 3, arbitrary: fc.tuple(peer, fc.integer({ min: 0, max: 2_000_000 }), fc.boolean())
    .map(([name, rate, full]): Event => driver => { driver.join(name, rate, full) }) },
  { weight: 1, arbitrary: peer.map((name): Event => driver => { driver.leave(name) }) },
  { weight: 4, arbitrary: fc.tuple(peer, block).map(([name, key]) => of(name, driver => { driver.gains(name, key) })) },
  { weight: 2, arbitrary: fc.tuple(peer, fc.boolean()).map(([name, choked]) => of(name, driver => { driver.choke(name, choked) })) },
  { weight: 1, arbitrary: peer.map(name => of(name, driver => { driver.stall(name) })) },
  { weight: 12, arbitrary: peer.map(name => of(name, driver => { driver.deliver(name) })) },
  { weight: 2, arbitrary: fc.tuple(peer, fc.constantFrom('busy', 'not-found', 'lost' as const))
    .map(([name, reason]) => of(name, driver => { driver.refuse(name, reason) })) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 9 }).map((n): Event => driver => { driver.origin(n === 0) }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4000 }).map((ms): Event => driver => { driver.clock.advance(ms) }) },
  { weight: 1, arbitrary: block.map((key): Event => driver => {
    const [segment, at] = [Math.floor(key / BLOCKS), key % BLOCKS]
    if (driver.have.remove(segment, at, BLOCKS)) driver.swarm.dropped(segment, at)
  }) }
)

/** Events, each with whether a decision follows at once or only with the next. */
const story = (deadlines: boolean): fc.Arbitrary<[Event, boolean][]> =>
  fc.array(fc.tuple(event(deadlines), fc.boolean()), { minLength: 20, maxLength: 200 })

function play (seed: number, mode: 'hybrid' | 'p2p', events: readonly [Event, boolean][]): Driver {
  const driver = new Driver(seed, mode)
  for (const [happen, later] of events) {
    happen(driver)
    if (!later) driver.decide()
  }
  driver.decide()
  return driver
}

describe('whatever happens', function () {
  this.timeout(60_000)
  const mode = fc.constantFrom('hybrid', 'p2p' as const)

  // Driver checks each action: no block twice from one peer, nothing from one that lacks it, chokes, pauses or stalls
  it('property: what is wanted comes as soon as somebody gives it, and then nothing is left over', () => {
    fc.assert(fc.property(fc.integer(), mode, story(true), (seed, mode, events) => {
      const driver = play(seed, mode, events)
      driver.join('good', 1_000_000, true)
      for (let turn = 0; turn < 2000 && driver.missing.length > 0; turn++) {
        driver.decide()
        driver.clock.advance(100)
        for (const name of driver.peers.keys()) if (name === 'good' || turn % 5 === 0) driver.deliver(name)
        driver.origin(false)
      }
      expect(driver.missing).to.deep.equal([])

      for (const id of [...driver.wants.keys()]) driver.unwant(id)
      driver.decide()
      expect([...driver.peers.values()].flatMap(known => [...known.asked])).to.deep.equal([])
      const { board, holders, displaced, peers, wants } = driver.state
      expect([board.live, holders.size, displaced.size, wants.bulk, wants.dated.length]).to.deep.equal([0, 0, 0, 0, 0])
      expect([...board.levels, board.orphans].map(set => set.count)).to.deep.equal(Array.from({ length: board.levels.length + 1 }, () => 0))
      expect([...peers.values()].map(known => [known.flights.size, known.added, known.current])).to.deep.equal(
        Array.from({ length: peers.size }, () => [0, 0, undefined]))
      for (const name of [...driver.peers.keys()]) driver.leave(name)
      expect([peers.size, driver.state.stirred.size]).to.deep.equal([0, 0])
    }), { numRuns: 300 })
  })

  it('a run of which one want goes as another comes is still wanted', () => {
    // new runs are put in at random
    for (let seed = 1; seed < 10; seed++) {
      const driver = new Driver(seed, 'p2p')
      driver.want(0, 0, 1, undefined)
      driver.decide()
      driver.unwant(1)
      driver.want(0, 7, 10, undefined)
      driver.decide()
      driver.join('peer', 1_000_000, true)
      driver.decide()
      expect([...driver.peers.get('peer')?.asked ?? []]).to.have.members([7, 8, 9])
    }
  })

  it('what was unwanted and wanted again while the origin brings the rest is not lost', () => {
    const driver = new Driver(1, 'hybrid')
    driver.want(0, 0, 2, 0)
    driver.want(0, 1, 2, undefined)
    driver.decide()
    driver.unwant(1)
    driver.decide()
    driver.want(0, 0, 2, 0)
    driver.decide()
    expect(driver.jobs).to.deep.equal([{ segment: 0, first: 0, end: 2 }, { segment: 0, first: 0, end: 1 }])
    driver.jobs.shift()
    driver.origin(false)
    driver.swarm.originDone(0, 0, 2, 'failed')
    driver.clock.advance(1000)
    driver.decide()
    expect(driver.jobs.at(-1)).to.deep.equal({ segment: 0, first: 1, end: 2 })
  })

  it('a peer that is hardly slower than the origin does not keep a late block from both', () => {
    const driver = new Driver(1, 'hybrid')
    driver.join('peer', 905_000, true)
    driver.want(0, 0, 1, 0)
    driver.decide()
    expect(driver.jobs).to.have.length(1)
  })

  it('property: without deadlines hardly anything is asked for twice', () => {
    fc.assert(fc.property(fc.integer(), story(false), (seed, events) => {
      const driver = play(seed, 'p2p', events)
      // one block more than the share is always allowed
      expect(driver.doubled).to.be.at.most(0.02 * driver.delivered + 1)
    }), { numRuns: 300 })
  })
})

describe('a segment that is no more', () => {
  it('is not asked for, whoever still waits for it', () => {
    for (const gone of [false, true]) {
      const driver = new Driver(1, 'hybrid')
      driver.want(0, 0, 2, driver.clock.now())
      if (gone) driver.swarm.retired(0)
      driver.decide()
      expect(driver.jobs).to.have.length(gone ? 0 : 1)
    }
  })
})
