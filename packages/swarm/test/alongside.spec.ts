import { expect } from 'chai'
import { BLOCKS, setup, WELL, type Setup } from './decided.js'

/** Neighbours that lack the segment: with so many it is hardly our turn. */
const MANY = 30
const SEGMENT = 9

/** We have got the segment before. @param theirs what each of the others holds something of */
function beside (theirs: number, options: Parameters<typeof setup>[0] = {}): Setup & { readonly asked: (ms: number) => boolean } {
  const made = setup({ origin: WELL, ...options })
  const { swarm, join, held, arrive, clock, act } = made
  const before = swarm.want({ segment: SEGMENT - 1, first: 0, end: 1, deadline: 1_000 })
  arrive(SEGMENT - 1, 0, 'origin')
  swarm.unwant(before)
  for (let i = 0; i < MANY; i++) {
    join(`other ${i}`, false)
    held.get(`other ${i}`)?.add(theirs, 0, BLOCKS)
    swarm.peerHave(`other ${i}`, [theirs])
  }
  const asked = (ms: number): boolean => {
    let origin = false
    for (let at = 0; at <= ms; at += 100) {
      origin ||= act().some(({ type }) => type === 'origin')
      clock.advance(100)
    }
    return origin
  }
  return { ...made, asked }
}

describe('alongside', () => {
  it('waits at the origin for those who will want it as soon, not for those who are elsewhere in the film', () => {
    const wanted = { segment: SEGMENT, first: 0, end: BLOCKS, deadline: 16_000 }
    const near = beside(SEGMENT - 1)
    near.swarm.want(wanted)
    expect(near.asked(1_000)).to.equal(false)
    const far = beside(0)
    far.swarm.want(wanted)
    expect(far.asked(1_000)).to.equal(true)
  })

  it('who has got nothing yet takes all for company', () => {
    const { swarm, join, act } = setup({ origin: WELL })
    for (let i = 0; i < MANY; i++) join(`other ${i}`, false)
    swarm.want({ segment: SEGMENT, first: 0, end: BLOCKS, deadline: 16_000 })
    expect(act()).to.deep.equal([])
  })

  it('those who are expected are not waited for by a company of some', () => {
    const { swarm, asked } = beside(SEGMENT - 1, { expecting: 60_000 })
    swarm.want({ segment: SEGMENT, first: 0, end: BLOCKS, deadline: 20_000 })
    // its turn comes sooner than the patience for newcomers ends
    expect(asked(14_000)).to.equal(true)
  })

  /** When the origin is asked for a block by somebody who is alone and expects others. */
  const asked = (deadline: number, origin = WELL, company: 'nobody' | 'empty' | 'stocked' = 'nobody'): number | undefined => {
    const { swarm, act, clock, join, held } = setup({ origin, expecting: 60_000 })
    if (company !== 'nobody') join('other', false)
    if (company === 'stocked') held.get('other')?.addSegment(SEGMENT - 1)
    swarm.want({ segment: SEGMENT, first: 0, end: 1, deadline })
    for (; clock.now() < 4_000; clock.advance(50)) if (act().some(({ type }) => type === 'origin')) return clock.now()
    return undefined
  }

  it('who is alone waits for those who are expected in half of a few seconds, and with little time until the last moment', () => {
    // a block takes 126 ms here, and the last moment is three times that before
    expect(asked(4_504)).to.be.within(1_950, 2_050)
    expect(asked(2_504)).to.be.within(950, 1_050)
    expect(asked(1_404)).to.be.within(850, 900)
    expect(asked(404)).to.equal(0)
    // of a quick origin the last moment is 200 ms before the 43 that a block takes
    expect(asked(1_200, { rate: 100_000_000, ttfb: 40, downUntil: 0 })).to.be.within(950, 1_000)
  })

  it('beside one that has nothing as well, as a node that gives no media; in company it goes by its turn', () => {
    expect(asked(1_404, WELL, 'empty')).to.be.within(850, 950)
    expect(asked(1_404, WELL, 'stocked')).to.be.below(300)
  })

  it('has less to spare until the first block came from a peer', () => {
    const { swarm, act, join, arrive, clock } = setup({ origin: { rate: 100_000_000, ttfb: 40, downUntil: 0 }, expecting: 60_000 })
    const urgentIn = (segment: number): number => {
      const since = clock.now()
      const want = swarm.want({ segment, first: 0, end: 1, deadline: since + 900 })
      for (; clock.now() < since + 900; clock.advance(10)) if (act().some(({ type }) => type === 'origin')) break
      arrive(segment, 0, 'origin')
      swarm.unwant(want)
      return clock.now() - since
    }
    expect(urgentIn(0)).to.be.within(650, 670)
    join('other', false)
    arrive(1, 0, 'other')
    expect(urgentIn(2)).to.be.within(350, 370)
  })

  it('but not at all with little time where nobody knows how quick the origin is', () => {
    const unknown = { rate: undefined, ttfb: undefined, downUntil: 0 }
    // the guess is 562 ms for a block, and 500 ms to spare
    expect(asked(3_000, unknown)).to.equal(0)
    expect(asked(5_062, unknown)).to.be.within(1_950, 2_050)
  })

  it('in the last moment shares the work with those who are there, too', () => {
    const { swarm, clock, act, held } = beside(0)
    swarm.want({ segment: SEGMENT, first: 0, end: BLOCKS, deadline: 300 })
    for (const name of held.keys()) swarm.peerHave(name, [0])
    const blocks = act().flatMap(action => action.type === 'origin' ? [action.end - action.first] : [])
    expect(blocks.reduce((sum, count) => sum + count, 0)).to.equal(BLOCKS)
    expect(clock.now()).to.equal(0)
  })

  it('what a slow neighbour has just got is left to spread in the first half of the time', () => {
    const { swarm, held, links, asked } = beside(SEGMENT - 1)
    const holder = links.get('other 0') as { rate: number }
    holder.rate = 20_000
    for (let block = 0; block < BLOCKS; block++) held.get('other 0')?.add(SEGMENT, block, BLOCKS)
    swarm.peerHave('other 0', [SEGMENT])
    swarm.want({ segment: SEGMENT, first: 0, end: BLOCKS, deadline: 16_000 })
    expect(asked(7_800)).to.equal(false)
    expect(asked(8_000)).to.equal(true)
  })

  it('of what is here in part, the rest is waited for in the first half of the time', () => {
    const { swarm, held, links, asked } = beside(0)
    // it gives what it has, and is a source of nothing else
    ;(links.get('other 0') as { window: number }).window = 0
    held.get('other 0')?.add(SEGMENT, 0, BLOCKS)
    swarm.peerHave('other 0', [SEGMENT])
    swarm.want({ segment: SEGMENT, first: 1, end: BLOCKS, deadline: 16_000 })
    expect(asked(7_800)).to.equal(false)
    expect(asked(2_000)).to.equal(true)
  })

  it('what one is too slow for, and another would bring, is not the origin\'s', () => {
    const { swarm, join, held, links, act, clock } = setup({ origin: WELL, links: { slow: { rate: 50_000 }, quick: { rate: 2_000_000 } } })
    join('slow', false)
    held.get('slow')?.add(SEGMENT, 0, BLOCKS)
    swarm.peerHave('slow', [SEGMENT])
    swarm.want({ segment: SEGMENT, first: 0, end: 1, deadline: 14_000 })
    const first = act()
    expect(first.map(({ type }) => type)).to.deep.equal(['request'])
    clock.advance(200)
    join('quick')
    // its window is full for the moment
    ;(links.get('quick') as { window: number }).window = 0
    const later = []
    for (let ms = 0; ms < 8_000; ms += 100) {
      later.push(...act())
      clock.advance(100)
    }
    expect(later.filter(({ type }) => type === 'origin')).to.deep.equal([])
  })
})
