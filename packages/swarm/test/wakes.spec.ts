import { expect } from 'chai'
import { COVERED_MS, ENDGAME_MS, OVERDUE_MS } from '../src/defaults.js'
import { BLOCKS, blocksFor, setup, WELL } from './decided.js'
import { BLOCK_BYTES } from './model.js'

const partial = (segment: number, block: number): { complete: [], partial: { segment: number, first: number, bits: Uint8Array }[] } =>
  ({ complete: [], partial: [{ segment, first: block - block % 8, bits: Uint8Array.of(1 << block % 8) }] })

describe('when to decide', () => {
  it('not before time has made a difference, while all that is wanted is on its way', () => {
    const { swarm, act, join, clock } = setup({ mode: 'p2p' })
    join('a')
    swarm.want({ segment: 0, first: 0, end: 4, deadline: undefined })
    act()
    expect(swarm.decide().wakeAt).to.be.above(clock.now() + OVERDUE_MS)
  })

  it('when a peer will be too slow for what another could take over, and it does then', () => {
    // the four blocks that a was asked for take it a second, one block takes b nearly as long
    const { swarm, act, join, clock } = setup({ mode: 'p2p', links: { b: { rate: 0.3e6 } } })
    join('a')
    swarm.want({ segment: 0, first: 0, end: 4, deadline: undefined })
    const asked = blocksFor(act(), 'a')
    join('b')
    expect(act()).to.deep.equal([])
    clock.advance(ENDGAME_MS)
    expect(act()).to.deep.equal([])
    const wakeAt = swarm.decide().wakeAt ?? Infinity
    expect(wakeAt).to.be.above(clock.now() + ENDGAME_MS)
    clock.advance(wakeAt - clock.now() - ENDGAME_MS)
    expect(act()).to.deep.equal([])
    clock.advance(ENDGAME_MS)
    const actions = act()
    expect(blocksFor(actions, 'b')).to.have.length.above(0)
    expect(blocksFor(actions, 'a', 'cancel')).to.deep.equal(blocksFor(actions, 'b'))
    expect(asked).to.include.members(blocksFor(actions, 'b'))
  })

  it('at once when somebody has what nobody was asked for, a moment later when that is on its way, not at all when it is here', () => {
    const { swarm, act, join, held, have, clock } = setup({ mode: 'p2p', links: { a: { window: BLOCK_BYTES } } })
    const gets = (peer: string, block: number): number | undefined => {
      held.get(peer)?.add(0, block, BLOCKS)
      return swarm.peerHave(peer, [0], partial(0, block))
    }
    join('a', false)
    join('b', false)
    have.add(0, 2, BLOCKS)
    const id = swarm.want({ segment: 0, first: 0, end: 3, deadline: 15_000 })
    act()
    expect(gets('a', 0)).to.equal(clock.now())
    expect(blocksFor(act(), 'a')).to.deep.equal([0])
    expect(gets('b', 0)).to.equal(clock.now() + COVERED_MS)
    expect(gets('b', 1)).to.equal(clock.now())
    expect(gets('a', 2)).to.equal(undefined)
    // neither of both anew
    expect(gets('b', 1)).to.equal(undefined)
    // the end of a download has no time
    expect(blocksFor(act(), 'b')).to.deep.equal([1])
    swarm.redate(id, undefined)
    expect(gets('a', 1)).to.equal(clock.now())
  })

  it('when a neighbour says that it fetches a segment, and not when others repeat it', () => {
    const { swarm, act, join } = setup({ origin: WELL })
    for (const peer of ['a', 'b']) join(peer, false)
    swarm.want({ segment: 0, first: 0, end: BLOCKS, deadline: 20_000 })
    act()
    expect(swarm.peerFetching('a', 0)).to.equal(true)
    expect(swarm.peerFetching('b', 0)).to.equal(false)
    expect(swarm.peerFetching('a', 0)).to.equal(false)
  })
})
