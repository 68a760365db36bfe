import { expect } from 'chai'
import type { SwarmAction } from '../src/index.js'
import { WITHHOLD_MS } from '../src/defaults.js'
import { all, BLOCKS, blocksFor, setup, WELL } from './decided.js'
import { BLOCK_BYTES } from './model.js'

describe('decide', () => {
  it('fills each window, groups by peer, asks for each block once', () => {
    const { swarm, act, join } = setup({ mode: 'p2p' })
    join('a')
    join('b')
    all(swarm)
    const actions = act()
    expect(actions.every(action => action.type === 'request')).to.equal(true)
    expect(blocksFor(actions, 'a')).to.have.length(4)
    expect(blocksFor(actions, 'b')).to.have.length(4)
    expect(new Set([...blocksFor(actions, 'a'), ...blocksFor(actions, 'b')]).size).to.equal(8)
  })

  it('asks one peer for consecutive blocks', () => {
    const { swarm, act, join } = setup({ mode: 'p2p' })
    join('a')
    all(swarm)
    const blocks = blocksFor(act(), 'a')
    expect(blocks.map(block => block - (blocks[0] as number))).to.deep.equal([0, 1, 2, 3])
  })

  it('a block that two wants cover stays when one of them goes', () => {
    const { swarm, act, join } = setup({ mode: 'p2p' })
    join('a')
    const first = swarm.want({ segment: 0, first: 0, end: 2, deadline: 5000 })
    const second = swarm.want({ segment: 0, first: 1, end: 3, deadline: undefined })
    expect(blocksFor(act(), 'a')).to.have.members([0, 1, 2])
    swarm.unwant(first)
    expect(blocksFor(act(), 'a', 'cancel')).to.deep.equal([0])
    swarm.unwant(second)
    expect(blocksFor(act(), 'a', 'cancel')).to.have.members([1, 2])
  })

  it('near wants go in order of deadline, rarest first comes after', () => {
    const { swarm, act, join } = setup({ mode: 'p2p' })
    join('a')
    swarm.want({ segment: 1, first: 0, end: 2, deadline: 9000 })
    swarm.want({ segment: 2, first: 0, end: 2, deadline: 8000 })
    swarm.want({ segment: 3, first: 0, end: 2, deadline: undefined })
    expect(act().map(action => 'segment' in action && action.segment)).to.deep.equal([2, 1])
  })

  it('choked peers get nothing new', () => {
    const { swarm, act, join } = setup({ mode: 'p2p' })
    join('a')
    swarm.peerChoked('a', true)
    all(swarm)
    expect(act()).to.deep.equal([])
    swarm.peerChoked('a', false)
    expect(blocksFor(act(), 'a')).to.have.length(4)
  })

  it('copies that peers withhold do not make a block less rare', () => {
    const { clock, swarm, act, join, held, links } = setup({ mode: 'p2p' })
    for (const name of ['a', 'giver', 'rider', 'other rider']) join(name, false)
    const hold = (name: string, segment: number): void => {
      for (let block = 0; block < BLOCKS - 1; block++) held.get(name)?.add(segment, block, BLOCKS)
      swarm.peerHave(name, [segment])
    }
    for (const segment of [0, 1]) hold('a', segment)
    hold('giver', 1)
    for (const rider of ['rider', 'other rider']) {
      hold(rider, 0)
      swarm.peerChoked(rider, true)
    }
    ;(links.get('giver') as { window: number }).window = 0
    act()
    clock.advance(WITHHOLD_MS)
    for (const segment of [0, 1]) swarm.want({ segment, first: 0, end: BLOCKS - 1, deadline: undefined })
    expect(new Set(act().map(action => 'segment' in action && action.segment))).to.deep.equal(new Set([0]))
  })

  it('not-found is believed over the have-map, busy makes a pause', () => {
    const { swarm, act, join, links, clock } = setup({ mode: 'p2p' })
    join('a')
    swarm.want({ segment: 0, first: 0, end: 1, deadline: undefined })
    act()
    ;(links.get('a') as { outstanding: number }).outstanding = 0
    swarm.refused('a', 0, 0, 'not-found')
    expect(act()).to.deep.equal([])
    expect(swarm.starving()?.segment).to.equal(0)
    swarm.want({ segment: 0, first: 1, end: 2, deadline: undefined })
    expect(blocksFor(act(), 'a')).to.deep.equal([1])
    ;(links.get('a') as { outstanding: number }).outstanding = 0
    swarm.refused('a', 0, 1, 'busy')
    expect(act()).to.deep.equal([])
    clock.advance(300)
    expect(act()).to.deep.equal([
      { type: 'request', peer: 'a', segment: 0, blocks: [1] }, { type: 'fallback', segment: 0, from: 'peer', to: 'peer', reason: 'refused' }
    ])
  })

  it('takes requests from a slow peer when the deadline demands it', () => {
    const { swarm, act, join, clock } = setup({ mode: 'p2p', links: { a: { rate: 50_000 } } })
    join('a')
    swarm.want({ segment: 0, first: 0, end: 2, deadline: 3000 })
    expect(blocksFor(act(), 'a')).to.have.members([0, 1])
    join('b')
    clock.advance(1500)
    const actions = act()
    expect(blocksFor(actions, 'a', 'cancel')).to.have.members([0, 1])
    expect(blocksFor(actions, 'b')).to.have.members([0, 1])
    expect(actions).to.deep.include({ type: 'fallback', segment: 0, from: 'peer', to: 'peer', reason: 'deadline' })
  })

  it('an idle peer takes over the slowest requests at the end, and losers are cancelled', () => {
    const { swarm, act, join, arrive } = setup({ mode: 'p2p', links: { a: { rate: 300_000 } } })
    join('a')
    swarm.want({ segment: 0, first: 0, end: 2, deadline: undefined })
    const [head, tail] = blocksFor(act(), 'a')
    join('b')
    const actions = act()
    expect(blocksFor(actions, 'a', 'cancel')).to.deep.equal([tail])
    expect(blocksFor(actions, 'b')).to.have.members([head, tail])
    expect(actions.at(-1)).to.deep.equal({ type: 'fallback', segment: 0, from: 'peer', to: 'peer', reason: 'endgame' })
    arrive(0, head as number, 'b')
    expect(act()).to.deep.equal([{ type: 'cancel', peer: 'a', segment: 0, blocks: [head] }])
  })

  it('mode origin asks the origin for all, mode p2p never', () => {
    const origin = setup({ mode: 'origin', origin: WELL })
    origin.join('a')
    all(origin.swarm, 9000)
    expect(origin.act()).to.deep.equal([{ type: 'origin', segment: 0, first: 0, end: BLOCKS, reason: 'mode' }])
    const peers = setup({ mode: 'p2p', origin: WELL })
    all(peers.swarm, 0)
    expect(peers.act()).to.deep.equal([])
    expect(peers.swarm.starving()).to.deep.equal({ segment: 0, since: 0 })
  })

  it('goes to the origin at once when the deadline leaves no time to look around', () => {
    const { swarm, act, join } = setup({ origin: WELL, links: { a: { rate: 0 } } })
    join('a')
    all(swarm, 300)
    expect(act()).to.deep.equal([
      { type: 'fetching', segment: 0 }, { type: 'origin', segment: 0, first: 0, end: BLOCKS, reason: 'deadline' },
      // late as it is, a peer may be better
      { type: 'request', peer: 'a', segment: 0, blocks: [15, 14] }
    ])
  })

  it('gives no peer what would take from an origin that is just in time', () => {
    const { swarm, act, join } = setup({ origin: WELL, links: { a: { rate: 0 }, b: { rate: 0 } } })
    join('a')
    join('b')
    all(swarm, 640)
    expect(act().map(({ type }) => type)).to.deep.equal(['fetching', 'origin'])
  })

  it('tries one peer at a time beside the origin, where there is room', () => {
    const { swarm, act, join, clock, held } = setup({ origin: WELL, links: { a: { rate: 0 }, b: { rate: 0 } } })
    join('a', false)
    join('b', false)
    swarm.want({ segment: 1, first: 0, end: 2, deadline: 2600 })
    for (; clock.now() < 2000; clock.advance(500)) {
      swarm.peerFetching('a', 1)
      act()
    }
    for (const peer of ['a', 'b']) {
      for (const block of [0, 1]) held.get(peer)?.add(1, block, BLOCKS)
      swarm.peerHave(peer, [1])
    }
    const [fetching, origin, ...requests] = act()
    expect([fetching?.type, origin?.type]).to.deep.equal(['fetching', 'origin'])
    expect(requests).to.deep.equal([{ type: 'request', peer: 'a', segment: 1, blocks: [1, 0] }])
  })

  it('asks peers as well, from the end, when the origin takes too long, and keeps its request', () => {
    const { swarm, act, join, clock } = setup({ origin: WELL })
    all(swarm, 0)
    expect(act()).to.deep.equal([{ type: 'origin', segment: 0, first: 0, end: BLOCKS, reason: 'no-peer' }])
    clock.advance(1_100)
    join('a')
    expect(act()).to.deep.equal([
      { type: 'request', peer: 'a', segment: 0, blocks: [15, 14, 13, 12] }, { type: 'fallback', segment: 0, from: 'origin', to: 'peer', reason: 'stalled' }
    ])
  })

  for (const company of ['alone', 'beside one that has nothing']) {
    it(`${company}, leaves the origin alone while peers are expected and there is time`, () => {
      const { swarm, act, join, clock } = setup({ origin: WELL, expecting: 6000 })
      if (company !== 'alone') join('a', false)
      const soon = swarm.want({ segment: 1, first: 0, end: BLOCKS, deadline: 2000 })
      all(swarm, 15_000)
      const asked = (): unknown[] => act().flatMap(action => action.type === 'origin' ? [action.segment] : [])
      const early = asked()
      // first nobody is waited for any more, then it is our turn
      clock.advance(600)
      early.push(...asked())
      clock.advance(400)
      expect([...early, ...asked()]).to.deep.equal([1])
      swarm.unwant(soon)
      clock.advance(4500)
      expect(asked()).to.deep.equal([])
      clock.advance(500)
      const late = asked()
      clock.advance(1500)
      expect([...late, ...asked()]).to.deep.equal([0])
    })

    it(`${company}, waits for nobody when time is short`, () => {
      const { swarm, act, join, clock } = setup({ origin: WELL, expecting: 60_000 })
      if (company !== 'alone') join('a', false)
      all(swarm, 10_000)
      expect(act()).to.deep.equal([])
      clock.advance(5500)
      const asked = act()
      clock.advance(500)
      expect([...asked, ...act()].filter(({ type }) => type === 'origin')).to.have.length(1)
    })
  }

  it('says once why what a peer was asked for comes from elsewhere', () => {
    const { swarm, act, join } = setup({ origin: WELL, links: { a: { rate: 10_000_000 }, b: { rate: 10_000_000 } } })
    const fallbacks = (): SwarmAction[] => act().filter(({ type }) => type === 'fallback')
    join('a')
    swarm.want({ segment: 0, first: 0, end: 4, deadline: 2_000 })
    expect(blocksFor(act(), 'a')).to.have.length(4)
    swarm.lost('a', 0, 0)
    swarm.peerLeft('a')
    expect(fallbacks()).to.deep.equal([{ type: 'fallback', segment: 0, from: 'peer', to: 'origin', reason: 'gone' }])
    join('b')
    // its driver tells of a mismatch
    swarm.originDone(0, 0, 4, 'mismatch')
    expect(fallbacks()).to.deep.equal([])
  })

  it('prefers peers that are in time', () => {
    const { swarm, act, join } = setup({ origin: WELL, links: { a: { rate: 10_000_000, window: 64 * BLOCK_BYTES } } })
    join('a')
    all(swarm, 2000)
    expect(blocksFor(act(), 'a')).to.have.length(BLOCKS)
  })

  it('waits for the neighbour that fetches, and goes itself when that neighbour leaves', () => {
    const { swarm, act, join, clock } = setup({ origin: WELL })
    join('a', false)
    swarm.peerFetching('a', 0)
    all(swarm, 9000)
    expect(act()).to.deep.equal([])
    clock.advance(1000)
    expect(act()).to.deep.equal([])
    join('b', false)
    swarm.peerLeft('a')
    const actions = act()
    // at most one pause, if the hash names b
    clock.advance(900)
    expect([...actions, ...act()]).to.deep.equal([
      { type: 'fetching', segment: 0 }, { type: 'origin', segment: 0, first: 0, end: BLOCKS, reason: 'elected' }
    ])
  })

  it('does not wait for a neighbour past the last moment', () => {
    const { swarm, act, join, arrive, clock } = setup({ origin: WELL })
    join('a', false)
    all(swarm, 3000)
    swarm.peerFetching('a', 0)
    // passed on once
    expect(act()).to.deep.equal([{ type: 'fetching', segment: 0 }])
    for (let ms = 0; ms < 1300; ms += 100) {
      clock.advance(100)
      swarm.peerFetching('a', 0)
      expect(act()).to.deep.equal([])
    }
    clock.advance(1000)
    // each viewer begins elsewhere, with little, and goes on with what is left as soon as that is nearly here
    expect(act().at(-1)).to.deep.equal({ type: 'origin', segment: 0, first: 2, end: 5, reason: 'deadline' })
    for (let block = 2; block < 4; block++) {
      expect(act()).to.deep.equal([])
      arrive(0, block, 'origin')
    }
    expect(act().filter(action => action.type === 'origin')).to.deep.equal([
      { type: 'origin', segment: 0, first: 0, end: 2, reason: 'deadline' },
      { type: 'origin', segment: 0, first: 5, end: BLOCKS, reason: 'deadline' }
    ])
  })

  it('never asks an origin again for a segment that differs there', () => {
    const { swarm, act, clock } = setup({ origin: WELL })
    all(swarm, 0)
    expect(act()).to.have.length(1)
    swarm.originDone(0, 0, BLOCKS, 'mismatch')
    clock.advance(60_000)
    expect(act()).to.deep.equal([])
    expect(swarm.starving()?.segment).to.equal(0)
  })

  it('cancels the origin when peers were first, and when nobody waits', () => {
    const { swarm, act, arrive } = setup({ origin: WELL })
    const id = all(swarm, 0)
    act()
    for (let block = 0; block < BLOCKS; block++) arrive(0, block, 'store')
    expect(act()).to.deep.equal([{ type: 'cancel-origin', segment: 0, first: 0, end: BLOCKS }])
    swarm.unwant(id)
    const other = swarm.want({ segment: 1, first: 0, end: BLOCKS, deadline: 0 })
    act()
    swarm.unwant(other)
    expect(act()).to.deep.equal([{ type: 'cancel-origin', segment: 1, first: 0, end: BLOCKS }])
  })

  it('a block gone from the store is wanted again while somebody waits', () => {
    const { swarm, act, join, arrive, have } = setup({ mode: 'p2p' })
    join('a')
    swarm.want({ segment: 0, first: 0, end: 1, deadline: undefined })
    act()
    arrive(0, 0, 'a')
    expect(act()).to.deep.equal([])
    have.remove(0, 0, BLOCKS)
    swarm.dropped(0, 0)
    expect(blocksFor(act(), 'a')).to.deep.equal([0])
  })
})
