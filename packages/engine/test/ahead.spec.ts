import { expect } from 'chai'
import type { Segment } from '@shoal/interface'
import { Ahead } from '../src/ahead.js'
import { AHEAD_MS } from '../src/defaults.js'

const part = (index: number, rendition = 'video', duration = 0.5): Segment =>
  ({ index, path: `${rendition}${index}`, size: 10, cid: '', blocks: 1, duration, rendition })

describe('parts that are wanted before they are asked for', () => {
  function setup () {
    let now = 0
    const wants = new Map<number, { segment: number, deadline: number }>()
    const complete = new Set<number>()
    let id = 0
    const ahead = new Ahead({
      now: () => now,
      pushes: segment => segment < 100,
      complete: segment => complete.has(segment),
      want: (segment, _first, _end, deadline) => { wants.set(++id, { segment, deadline }); return id },
      redate: (wanted, deadline) => { wants.set(wanted, { ...wants.get(wanted) as { segment: number }, deadline }) },
      unwant: wanted => { wants.delete(wanted) }
    })
    return { ahead, complete, wants: () => [...wants.values()], pass: (ms: number) => { now += ms } }
  }

  it('are those behind what is being read, each when it is due', () => {
    const { ahead, wants, pass } = setup()
    ahead.added(part(1))
    expect(wants()).to.deep.equal([])
    ahead.read(part(1), 1_000)
    pass(100)
    ahead.added(part(2))
    ahead.added(part(3))
    expect(wants()).to.deep.equal([{ segment: 2, deadline: 1_500 }, { segment: 3, deadline: 2_000 }])
    // what was fetched ahead is read when it was due: so are those behind it
    ahead.read(part(2), 1_500)
    ahead.added(part(4))
    expect(wants().at(-1)).to.deep.equal({ segment: 4, deadline: 2_500 })
  })

  it('are due later for a player that stood still, and sooner for one that plays faster', () => {
    const { ahead, wants } = setup()
    ahead.read(part(1), 1_000)
    for (const index of [2, 3, 4]) ahead.added(part(index))
    ahead.read(part(2), 3_500)
    ahead.added(part(5))
    expect(wants().slice(1).map(({ deadline }) => deadline)).to.deep.equal([4_000, 4_500, 5_000])
    ahead.read(part(3), 3_900)
    ahead.added(part(6))
    expect(wants().slice(2).map(({ deadline }) => deadline)).to.deep.equal([4_400, 4_900, 5_400])
    // read again: that says nothing
    ahead.read(part(2), 9_000)
    ahead.added(part(7))
    expect(wants().at(-1)?.deadline).to.equal(5_900)
  })

  it('go by rendition, and are none for bulk, for other renditions and for what is pulled', () => {
    const { ahead, wants } = setup()
    ahead.read(part(1), undefined)
    ahead.read(part(200), 1_000)
    ahead.added(part(2))
    ahead.read(part(3, 'video'), 1_000)
    ahead.added(part(4, 'audio'))
    ahead.added(part(201))
    ahead.added(part(2))
    expect(wants()).to.deep.equal([])
    ahead.read(part(5, 'audio', 1), 2_000)
    ahead.added(part(6, 'audio', 1))
    ahead.added(part(7))
    expect(wants()).to.deep.equal([{ segment: 6, deadline: 3_000 }, { segment: 7, deadline: 1_500 }])
  })

  it('end with the reading, when they are here, and when they have left the window', () => {
    const { ahead, wants, complete, pass } = setup()
    ahead.read(part(1), 1_000)
    for (const index of [2, 3, 4]) ahead.added(part(index))
    complete.add(2)
    ahead.retire(3)
    ahead.read(part(2), 1_500)
    expect(wants().map(({ segment }) => segment)).to.deep.equal([4])
    pass(AHEAD_MS + 1)
    ahead.added(part(5))
    expect(wants()).to.deep.equal([])
    ahead.read(part(9), 9_000)
    ahead.added(part(10))
    expect(wants()).to.deep.equal([{ segment: 10, deadline: 9_500 }])
  })
})
