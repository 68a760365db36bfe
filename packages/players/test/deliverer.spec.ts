import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { ORIGIN_RESERVE_MIN_MS } from '../src/core/defaults.js'
import { Deliverer, type Ask } from '../src/core/deliverer.js'
import { Intake, type Sink } from '../src/core/intake.js'
import { settled } from './seat.js'
import { BASE, StubContent } from './stubs.js'
import type { Shoal } from '@shoal/interface'

const MIB = 2 ** 20

describe('deliverer: what is shared', () => {
  function bench () {
    const content = new StubContent(new Map())
    const node = Promise.withResolvers<Shoal>()
    const deliverer = new Deliverer(node.promise, { base: BASE, link: 'shoal:x', clock: new ManualClock() })
    const load = async (bytes: Uint8Array, over: Partial<Ask> = {}): Promise<void> => {
      const ask: Ask = {
        url: `${BASE}a.m4s`, path: 'a.m4s', type: 'fragment', media: true, start: 0, end: undefined, duration: 4, deadline: 0, patient: false, lastMs: 1, ...over
      }
      const intake = new Intake(() => 0)
      const from = await deliverer.once(ask, intake, async (_skip, sink) => { sink(bytes, 0) }, new AbortController().signal)
      deliverer.settle(ask, from, intake, { start: 0, first: 0, end: 1 })
    }
    const open = async (): Promise<number[]> => {
      node.resolve({ open: () => Promise.resolve(content.asContent()) } as unknown as Shoal)
      await settled()
      return content.offers.map(({ bytes }) => bytes.length)
    }
    return { load, open }
  }

  it('waits in no more than 16 MiB: what comes then is left out', async () => {
    const { load, open } = bench()
    for (const size of [10, 10, 6, 1]) await load(new Uint8Array(size * MIB))
    expect(await open()).to.deep.equal([10 * MIB, 6 * MIB])
  })

  it('has room again once the content has taken it', async () => {
    const { load, open } = bench()
    await load(new Uint8Array(16 * MIB))
    expect(await open()).to.have.length(1)
    await settled()
  })

  it('is an init segment, too, but no playlist, nothing of elsewhere, and no range that the origin answered with more', async () => {
    const { load, open } = bench()
    await load(new Uint8Array(1), { media: false, duration: 0 })
    await load(new Uint8Array(2), { type: 'playlist', media: false })
    await load(new Uint8Array(3), { path: undefined })
    await load(new Uint8Array(4), { start: 1, end: 3 })
    await load(new Uint8Array(5), { start: 1, end: 6 })
    expect(await open()).to.deep.equal([1, 5])
  })
})

describe('deliverer: how quick the origin is', () => {
  function bench () {
    const clock = new ManualClock()
    const content = new StubContent(new Map())
    const node = Promise.withResolvers<Shoal>()
    const deliverer = new Deliverer(node.promise, { base: BASE, link: 'shoal:x', clock, media: { currentTime: 0, playbackRate: 1 } })
    const ask: Ask = {
      url: `${BASE}a.m4s`, path: 'a.m4s', type: 'fragment', media: true, start: 0, end: undefined, duration: 4, deadline: 2_600, patient: true, lastMs: 1
    }
    return { clock, content, node, deliverer, ask, intake: new Intake(() => clock.now()) }
  }

  it('is told with what it gave: from when it was asked, and not from when the player waited', async () => {
    const { clock, content, node, deliverer, ask, intake } = bench()
    const delivering = deliverer.once(ask, intake, async (_skip, sink) => {
      clock.advance(30)
      sink(new Uint8Array(1), 2)
      clock.advance(70)
      sink(new Uint8Array(1), 2)
    }, new AbortController().signal)
    await settled()
    clock.advance(600)
    const from = await delivering
    deliverer.settle(ask, from, intake, { start: 0, first: 630, end: 700 })
    node.resolve({ open: () => Promise.resolve(content.asContent()) } as unknown as Shoal)
    await settled()
    expect(content.took).to.deep.equal([{ first: 30, last: 100 }])
  })

  for (const [what, pieces, hand] of [['came in one piece', 1, false], ['was handed on in part', 2, true]] as const) {
    it(`does not tell how quick the origin was by what ${what}`, async () => {
      const { clock, content, node, deliverer, ask, intake } = bench()
      const from = await deliverer.once({ ...ask, patient: false }, intake, async (_skip, sink) => {
        clock.advance(100)
        for (let i = 0; i < pieces; i++) {
          sink(new Uint8Array(2 / pieces), 2)
          if (hand && i === 0) intake.hand()
        }
      }, new AbortController().signal)
      deliverer.settle(ask, from, intake, { start: 0, first: 100, end: 100 })
      node.resolve({ open: () => Promise.resolve(content.asContent()) } as unknown as Shoal)
      await settled()
      expect([content.offers.length, content.took]).to.deep.equal([1, [undefined]])
    })
  }
})

describe('deliverer: a node that starts behind the first frame', () => {
  const MS = 400
  function bench () {
    const clock = new ManualClock()
    const content = new StubContent(new Map([['b.m4s', new Uint8Array(5)]]))
    const node = Promise.withResolvers<Shoal>()
    const media = { currentTime: 0, playbackRate: 1, readyState: 1 }
    const deliverer = new Deliverer(() => node.promise, { base: BASE, link: 'shoal:x', clock, media })
    const load = (path: string, deadline: number): { via: () => string | undefined, from: Promise<void> } => {
      const ask: Ask = {
        url: BASE + path, path, type: 'fragment', media: true, start: 0, end: undefined, duration: 2, deadline, patient: true, lastMs: 1
      }
      const intake = new Intake(() => clock.now())
      let via: string | undefined
      const origin = async (_skip: number, sink: Sink): Promise<void> => { sink(new Uint8Array(1), 0) }
      const from = deliverer.once(ask, intake, origin, new AbortController().signal).then(delivered => {
        via = delivered.via
        deliverer.settle(ask, delivered, intake, { start: 0, first: 0, end: 1 })
      })
      return { via: () => via, from }
    }
    const ready = async (): Promise<void> => {
      node.resolve({ open: () => Promise.resolve(content.asContent()) } as unknown as Shoal)
      await settled()
    }
    return { clock, media, content, load, ready }
  }

  it('is waited for by what only fills the buffer, and not by the first fragment', async () => {
    const { clock, media, content, load, ready } = bench()
    await load('a.m4s', 0).from
    const second = load('b.m4s', 1500)
    await settled()
    // before the first frame is shown nothing has begun, and it waits all the same
    expect(second.via()).to.equal(undefined)
    media.readyState = 4
    clock.advance(MS)
    await settled()
    await ready()
    await second.from
    expect(second.via()).to.equal('shoal')
    // the player needs it no later for that
    expect(content.reads.map(({ options }) => options.deadline)).to.deep.equal([1500 - MS])
  })

  it('is waited for no longer than the origin would be in time', async () => {
    const { clock, load } = bench()
    await load('a.m4s', 0).from
    const second = load('b.m4s', 1500)
    await settled()
    clock.advance(1500 - ORIGIN_RESERVE_MIN_MS)
    await second.from
    expect(second.via()).to.equal('origin')
  })
})
