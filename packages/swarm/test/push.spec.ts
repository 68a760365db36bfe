import { expect } from 'chai'
import { PUSH_CHILDREN, PUSH_GRACE_MS, PUSH_LISTEN_MS } from '../src/defaults.js'
import { electionRank, electionSeed } from '../src/election.js'
import { all, blocksFor, BLOCKS, setup, WELL, type Setup } from './decided.js'
import type { SwarmAction } from '../src/index.js'

const DEADLINE = 10_000
const NAMES = Array.from({ length: 9 }, (_, i) => `peer ${i}`)

/** We wait for segment 0 of which nobody has anything, beside peers that do so, too. */
function waiting (names = NAMES, pushes = true): Setup {
  const found = setup({ origin: WELL, pushes })
  for (const name of names) {
    found.join(name, false)
    // at work, and not with this
    found.swarm.peerHave(name, [4])
  }
  all(found.swarm, DEADLINE)
  found.act()
  return found
}

/** `from` fetches segment 0, and all others say that they wait for it: what follows. */
function fetching ({ swarm, act, clock, held }: Setup, from: string): SwarmAction[] {
  swarm.peerFetching(from, 0)
  for (const peer of held.keys()) if (peer !== from) swarm.peerFetching(peer, 0)
  const actions = act()
  clock.advance(PUSH_LISTEN_MS)
  return [...actions, ...act()]
}

const subscribed = (actions: readonly SwarmAction[], type = 'subscribe'): Map<string, number[]> => {
  const found = new Map<string, number[]>()
  for (const action of actions) {
    if (action.type === type && 'peer' in action && 'blocks' in action) found.set(action.peer, [...found.get(action.peer) ?? [], ...action.blocks])
  }
  return found
}

describe('push', () => {
  it('subscribes to each block at one parent, as soon as somebody fetches it, and asks nobody else', () => {
    const parents = subscribed(fetching(waiting(), 'peer 0'))
    expect([...parents.values()].flat().sort((a, b) => a - b)).to.deep.equal(Array.from({ length: BLOCKS }, (_, i) => i))
    // a tree of its own for each block: the load is spread
    expect(parents.size).to.be.above(2)
    expect(parents.get('peer 0')).to.not.equal(undefined)
  })

  it('makes one tree for each block, and no more than so many children for anybody', () => {
    const everybody = [...NAMES, 'me']
    const seeds = everybody.map(name => electionSeed('s', name))
    const elected = everybody.find((_, i) => electionRank(seeds[i] as number, seeds.toSpliced(i, 1), 0) === 0) as string
    const children = new Map<string, string[]>()
    for (const self of everybody) {
      if (self === elected) continue
      // the same peers as seen by each of them
      const found = setup({ origin: WELL, pushes: true, self })
      for (const name of everybody) {
        if (name === self) continue
        found.join(name, false)
        found.swarm.peerHave(name, [4])
      }
      all(found.swarm, DEADLINE)
      found.act()
      for (const [parent, blocks] of subscribed(fetching(found, elected))) {
        for (const block of blocks) children.set(`${block} ${parent}`, [...children.get(`${block} ${parent}`) ?? [], self])
      }
    }
    for (let block = 0; block < BLOCKS; block++) {
      const reached = new Set([elected])
      for (const parent of reached) for (const child of children.get(`${block} ${parent}`) ?? []) reached.add(child)
      expect(reached.size).to.equal(everybody.length)
    }
    expect(Math.max(...[...children.values()].map(({ length }) => length))).to.equal(PUSH_CHILDREN)
  })

  it('counts on what its parent holds, and waits for nobody else then', () => {
    const found = waiting(['a', 'b'])
    const { swarm, act, held } = found
    const [parent] = [...subscribed(fetching(found, 'a'))].find(([, blocks]) => blocks.includes(0)) as [string, number[]]
    held.get(parent)?.add(0, 0, BLOCKS)
    swarm.peerHave(parent, [0])
    const actions = act()
    expect(blocksFor(actions, parent)).to.deep.equal([0])
    expect(subscribed(actions, 'unsubscribe').size).to.equal(0)
  })

  it('leaves a parent that has it later than others, after a while', () => {
    const found = waiting(['a', 'b'])
    const { swarm, act, held, clock } = found
    expect(subscribed(fetching(found, 'a')).get('a')).to.include(3)
    held.get('b')?.add(0, 3, BLOCKS)
    swarm.peerHave('b', [0])
    expect(act()).to.deep.equal([])
    clock.advance(PUSH_GRACE_MS)
    const actions = act()
    expect(subscribed(actions, 'unsubscribe').get('a')).to.deep.equal([3])
    expect(blocksFor(actions, 'b')).to.deep.equal([3])
  })

  it('goes to the next when its parent does not want to, chokes, stalls or leaves', () => {
    for (const end of ['refused', 'choked', 'stalled', 'left', 'lost'] as const) {
      const found = waiting()
      const { swarm, act } = found
      const before = [...subscribed(fetching(found, 'peer 0'))]
      const [parent, blocks] = before.find(([name]) => name !== 'peer 0') as [string, number[]]
      const block = blocks[0] as number
      if (end === 'refused') swarm.refused(parent, 0, block, 'busy')
      else if (end === 'lost') swarm.lost(parent, 0, block)
      else if (end === 'choked') swarm.peerChoked(parent, true)
      else if (end === 'stalled') swarm.stalled(parent)
      else swarm.peerLeft(parent)
      const after = subscribed(act())
      expect(after.has(parent), end).to.equal(false)
      expect([...after.values()].flat(), end).to.include(block)
    }
  })

  it('cancels elsewhere what came, and what nobody wants any more', () => {
    const found = waiting(['a', 'b'])
    const { swarm, act, arrive } = found
    const first = subscribed(fetching(found, 'a'))
    arrive(0, 0, 'origin')
    expect(subscribed(act(), 'unsubscribe').get('a')).to.deep.equal([0])
    swarm.unwant(1)
    const rest = [...subscribed(act(), 'unsubscribe').values()].flat()
    expect(rest.length).to.equal([...first.values()].flat().length - 1)
  })

  it('is not for what is pulled, for peers that take no subscriptions, or when there is no time', () => {
    expect(subscribed(fetching(waiting(NAMES, false), 'peer 0')).size).to.equal(0)
    const late = waiting()
    late.clock.advance(DEADLINE)
    expect(subscribed(fetching(late, 'peer 0')).size).to.equal(0)
  })

  it('promises what it waits for itself, but to nobody that it waits for', () => {
    const found = waiting(['a', 'b'])
    const { swarm } = found
    expect(swarm.awaits(0, 0, 'a')).to.equal(true)
    fetching(found, 'a')
    expect([swarm.awaits(0, 0, 'a'), swarm.awaits(0, 0, 'b'), swarm.awaits(3, 0, 'b'), swarm.awaits(0, 0, 'nobody')]).to.deep.equal([false, true, false, false])
  })

  it('tells the neighbours once that it will have it, and takes no parent that does not say so', () => {
    const { swarm, act, clock } = waiting()
    swarm.peerFetching('peer 0', 0)
    const first = act()
    clock.advance(PUSH_LISTEN_MS)
    const then = act()
    expect([...first, ...then].filter(({ type }) => type === 'fetching')).to.deep.equal([{ type: 'fetching', segment: 0 }])
    expect([...subscribed(then).keys()]).to.deep.equal(['peer 0'])
  })

  it('has the elected one fetch as before', () => {
    const { swarm, act, clock } = waiting(['a', 'b'])
    const seed = (name: string): number => electionSeed('s', name)
    const rank = electionRank(seed('me'), ['a', 'b'].map(seed), 0)
    clock.advance(2_000)
    expect([rank, act().some(({ type }) => type === 'origin')]).to.deep.equal([rank, true])
    expect(swarm.awaits(0, 0, 'a')).to.equal(true)
  })
})
