import { expect } from 'chai'
import { createHaveMap } from '@shoal/availability'
import type { HaveMap } from '@shoal/interface'
import { SPREAD_PROOF } from '../src/defaults.js'
import { Spread } from '../src/spread.js'

const BLOCKS = 10_000

describe('who passes on what it alone was given', () => {
  interface Setup {
    readonly spread: Spread
    readonly gave: (peer: string, block: number, alone?: boolean) => void
    readonly holds: (peer: string, ...blocks: number[]) => void
  }

  function setup (): Setup {
    const spread = new Spread()
    const maps = new Map<string, HaveMap>()
    return {
      spread,
      gave (peer, block, alone = true) { spread.gave(peer, 's', 0, block, alone) },
      holds (peer, ...blocks) {
        const map = maps.get(peer) ?? createHaveMap({ segments: 1, blocks: BLOCKS })
        maps.set(peer, map)
        for (const block of blocks) map.add(0, block, BLOCKS)
        spread.held(peer, 's', 0, map)
      }
    }
  }

  it('counts for more than who keeps it, and who is new is in between', () => {
    const { spread, gave, holds } = setup()
    for (let block = 0; block < 2 * SPREAD_PROOF; block += 2) {
      gave('giver', block)
      gave('rider', block + 1)
      holds('giver', block)
      holds('rider', block + 1, block)
    }
    expect(spread.share('giver')).to.be.above(2 * spread.share('new'))
    expect(spread.share('new')).to.be.above(spread.share('rider'))
    expect(spread.share('rider')).to.equal(0)
  })

  it('is not told from what others have from here, or had before', () => {
    const { spread, gave, holds } = setup()
    const before = spread.share('rider')
    gave('other', 0)
    gave('rider', 0)
    gave('third', 0)
    gave('rider', 1, false)
    holds('other', 0)
    holds('third', 0, 1)
    expect(spread.share('rider')).to.equal(before)
    expect(spread.share('third')).to.equal(before)
  })

  it('is a part of what was given, however often somebody says so', () => {
    const { spread, gave, holds } = setup()
    for (let block = 0; block < 1_000; block++) {
      gave('a', block)
      for (const friend of ['b', 'c', 'd']) holds(friend, block)
    }
    expect(spread.share('a')).to.be.within(0.9, 1)
  })

  it('is forgotten in time by who stops', () => {
    const { spread, gave, holds } = setup()
    for (let block = 0; block < 1_000; block++) {
      gave('a', block)
      holds('b', block)
    }
    for (let block = 1_000; block < 1_500; block++) gave('a', block)
    expect(spread.share('a')).to.be.below(spread.share('new'))
  })
})
