import { expect } from 'chai'
import { all, BLOCKS, blocksFor, setup } from './decided.js'
import { BLOCK_BYTES } from './model.js'

describe('stalls', () => {
  it('a stalled peer loses its requests to another and is probed with one block later', () => {
    const { swarm, act, join, clock, arrive } = setup({ mode: 'p2p', links: { b: { window: 16 * BLOCK_BYTES } } })
    join('a')
    all(swarm)
    const asked = blocksFor(act(), 'a')
    join('b')
    swarm.stalled('a')
    const actions = act()
    expect(blocksFor(actions, 'a', 'cancel')).to.have.members(asked)
    expect(blocksFor(actions, 'b')).to.include.members(asked)
    expect(actions).to.deep.include({ type: 'fallback', segment: 0, from: 'peer', to: 'peer', reason: 'stalled' })
    swarm.want({ segment: 1, first: 0, end: BLOCKS, deadline: undefined })
    expect(blocksFor(act(), 'a')).to.deep.equal([])
    clock.advance(2100)
    const probe = act()
    expect(blocksFor(probe, 'a')).to.have.length(1)
    arrive(1, blocksFor(probe, 'a')[0] as number, 'a')
    expect(blocksFor(act(), 'a')).to.have.length(4)
  })

  it('a probe stays with the stalled peer until that stalls again', () => {
    const { swarm, act, join, clock } = setup({ mode: 'p2p', links: { b: { window: BLOCK_BYTES } } })
    join('a')
    swarm.want({ segment: 0, first: 0, end: 2, deadline: undefined })
    act()
    join('b')
    swarm.stalled('a')
    act()
    clock.advance(2100)
    const probe = blocksFor(act(), 'a')
    expect(probe).to.have.length(1)
    swarm.peerHave('b', [0])
    expect(blocksFor(act(), 'a', 'cancel')).to.deep.equal([])
    swarm.stalled('a')
    expect(blocksFor(act(), 'a', 'cancel')).to.deep.equal(probe)
  })

  it('the last blocks do not go round among peers that stall while one that delivers has nothing to do', () => {
    const silent = ['a', 'b', 'c', 'd']
    const { swarm, act, join, clock, links, arrive } = setup({
      mode: 'p2p', links: { good: { rtt: 100, rate: 2 * BLOCK_BYTES }, ...Object.fromEntries(silent.map(name => [name, { rate: 0, rtt: 1 }])) }
    })
    for (const peer of ['good', ...silent]) join(peer)
    all(swarm)
    const asked = new Map(['good', ...silent].map(name => [name, new Set<number>()]))
    const busySince = new Map<string, number>()
    let left = BLOCKS
    for (let tick = 0; tick < 400 && left > 0; tick++) {
      for (const action of act()) {
        if (action.type !== 'request' && action.type !== 'cancel') continue
        const blocks = asked.get(action.peer) as Set<number>
        if (blocks.size === 0) busySince.set(action.peer, clock.now())
        for (const block of action.blocks) if (action.type === 'request') blocks.add(block); else blocks.delete(block)
      }
      clock.advance(100)
      // two blocks a second from one, nothing from the others, which a session reports after 2 s and again and again
      const [block] = asked.get('good') as Set<number>
      if (tick % 5 === 4 && block !== undefined) {
        asked.get('good')?.delete(block)
        arrive(0, block, 'good')
        left--
      }
      for (const name of silent) {
        if ((links.get(name)?.outstanding ?? 0) === 0 || clock.now() - (busySince.get(name) ?? 0) < 2_000) continue
        busySince.set(name, clock.now())
        swarm.stalled(name)
      }
    }
    expect([left, clock.now() < 15_000]).to.deep.equal([0, true])
  })

  it('a stalled peer keeps what only it has', () => {
    const { swarm, act, join } = setup({ mode: 'p2p' })
    join('a')
    all(swarm)
    act()
    swarm.stalled('a')
    expect(act()).to.deep.equal([])
  })
})
