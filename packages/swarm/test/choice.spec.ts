import { expect } from 'chai'
import { BLOCKS, Driver, SEGMENTS } from './driver.js'
import { BLOCKS as DECIDED_BLOCKS, setup, WELL } from './decided.js'
import { Model } from './model.js'

/** The segment of which a peer is asked for a block first. */
function first (driver: Driver, name: string): number {
  const [key] = driver.peers.get(name)?.asked ?? []
  return Math.floor((key ?? NaN) / BLOCKS)
}

describe('which block of whom', () => {
  it('a segment is striped over its holders by their rates', () => {
    for (const deadline of [undefined, 12_000]) {
      const model = new Model({ segments: 1, blocks: 112 })
      const peers = [500_000, 1_000_000, 2_000_000].map(up => model.add({ seed: true, up }))
      const node = model.add()
      for (const peer of peers) model.connect(peer, node)
      node.wantAll(() => deadline)
      model.run(30_000, () => node.complete)
      const shares = peers.map(({ name }) => (node.tally.get(name) ?? 0) / 112)
      expect(node.late).to.equal(0)
      ;[1 / 7, 2 / 7, 4 / 7].forEach((share, i) => { expect(shares[i]).to.be.within(0.75 * share, 1.25 * share) })
    }
  })

  it('of sources that are about as quick, the near one is asked', () => {
    const asked = (near: string[], rate: number): string[] => {
      const { swarm, join, act } = setup({ mode: 'p2p', links: { near: { rate }, far: { rate: 1_000_000 } }, near })
      join('far')
      join('near')
      swarm.want({ segment: 0, first: 0, end: 1, deadline: 15_000 })
      return act().flatMap(action => action.type === 'request' ? [action.peer] : [])
    }
    expect(asked([], 700_000)).to.deep.equal(['far'])
    expect(asked(['near'], 700_000)).to.deep.equal(['near'])
    // much slower is not as good
    expect(asked(['near'], 100_000)).to.deep.equal(['far'])
  })

  it('of what is not near, the rarest comes first', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const driver = new Driver(seed, 'p2p')
      driver.join('all', 1_000_000, true)
      for (const name of ['some', 'more', 'most']) driver.join(name, 1_000_000, false)
      for (const name of ['some', 'more', 'most']) driver.choke(name, true)
      for (let key = 0; key < SEGMENTS * BLOCKS; key++) {
        if (Math.floor(key / BLOCKS) !== seed % SEGMENTS) for (const name of ['some', 'more', 'most']) driver.gains(name, key)
      }
      for (let segment = 0; segment < SEGMENTS; segment++) driver.want(segment, 0, BLOCKS, undefined)
      driver.decide()
      expect(first(driver, 'all')).to.equal(seed % SEGMENTS)
    }
  })

  it('of equally rare ones, chance decides', () => {
    const chosen = new Set<number>()
    for (let seed = 1; seed <= 30; seed++) {
      const driver = new Driver(seed, 'p2p')
      for (const name of ['a', 'b', 'c', 'd']) driver.join(name, 1_000_000, true)
      for (let segment = 0; segment < SEGMENTS; segment++) driver.want(segment, 0, BLOCKS, undefined)
      driver.decide()
      chosen.add(first(driver, 'a'))
    }
    expect(chosen.size).to.equal(SEGMENTS)
  })

  it('what one neighbour has just got is asked for by a few first, by all when it has had time to spread', () => {
    const { swarm, join, held, act, arrive, clock } = setup({ origin: WELL, links: { holder: { window: 1e9, rate: 1e9 } } })
    join('holder', false)
    for (let i = 0; i < 20; i++) join(`lacks ${i}`, false)
    clock.advance(60_000)
    const segments = Array.from({ length: 16 }, (_, segment) => segment)
    for (const segment of segments) swarm.want({ segment, first: 0, end: 1, deadline: clock.now() + 15_000 })
    act()
    for (const segment of segments) {
      held.get('holder')?.add(segment, 0, DECIDED_BLOCKS)
      swarm.peerHave('holder', [segment])
    }
    const ask = (): number => {
      const asked = act().flatMap(action => action.type === 'request' && action.peer === 'holder' ? [action.segment] : [])
      for (const segment of asked) arrive(segment, 0, 'holder')
      return asked.length
    }
    // two of twenty-one begin with each
    let asked = ask()
    expect(asked).to.be.at.most(6)
    for (let pause = 0; pause < 4; pause++) {
      clock.advance(400)
      asked += ask()
    }
    expect(asked).to.equal(16)
  })

  it('in a crowd that is late nobody waits for long for the others to ask the origin', () => {
    const { swarm, join, act, arrive, clock } = setup({ origin: WELL })
    const names = Array.from({ length: 60 }, (_, i) => `late ${i}`)
    for (const name of names) join(name, false)
    clock.advance(60_000)
    swarm.want({ segment: 0, first: 0, end: DECIDED_BLOCKS, deadline: clock.now() + 100 })
    const got = new Set<number>()
    for (let ms = 0; ms < 5_000; ms += 100) {
      // the others get something all the time, and nothing that helps
      for (const name of names) swarm.peerHave(name, [7])
      for (const action of act()) {
        if (action.type !== 'origin') continue
        for (let block = action.first; block < action.end; block++) {
          got.add(block)
          arrive(0, block, 'origin')
        }
        swarm.originDone(0, action.first, action.end, undefined)
      }
      clock.advance(100)
    }
    expect(got.size).to.equal(DECIDED_BLOCKS)
  })
})
