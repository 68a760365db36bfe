import { ManualClock } from '@shoal/base'
import { StoreFullError, type BlockStore, type VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import type { BrowserStoreInit } from '../src/browser/browser-store.js'
import { blocks, failure, PAGE } from './blocks.js'

export interface Tabs {
  create (init: BrowserStoreInit): BlockStore
  /** Bytes that lie on the medium, whole pages. */
  bytes (name: string): Promise<number>
  /** Removes the medium, which nobody has open. */
  clean (name: string): Promise<void>
}

type BlockPair = [VerifiedBlock, VerifiedBlock]

let count = 0

/** What a store does that several tabs have open at the same time, whichever of them was there first. */
export function tabs (what: string, { create, bytes, clean }: Tabs): void {
  describe(`${what}: several tabs`, () => {
    let name = ''

    beforeEach(() => { name = `shoal-test-tabs-${count++}` })
    afterEach(async () => { await clean(name) })

    it('shares one quota with other tabs, and sees what they put and evict', async () => {
      const quota = 8 * PAGE
      const tabs = [create({ name, quota }), create({ name, quota })] as const
      const evicted: number[] = [0, 0]
      for (const [i, tab] of tabs.entries()) {
        tab.onevent = event => { if (event.type === 'evicted') evicted[i] = (evicted[i] as number) + event.digests.length }
        await tab.open()
      }
      const all = await blocks(40)
      const most: number[] = []
      await Promise.all(all.map(async (each, i) => {
        const error = await tabs[i % 2 as 0 | 1].put(each).catch((error: unknown) => error)
        if (error !== undefined) expect(error).to.be.instanceOf(StoreFullError)
        most.push(await bytes(name))
      }))
      expect(Math.max(...most)).to.be.at.most(quota)
      // news travels
      while (tabs[0].used !== await bytes(name) || tabs[1].used !== tabs[0].used) await new Promise(resolve => setTimeout(resolve, 5))
      expect(all.map(({ digest }) => tabs[0].has(digest))).to.deep.equal(all.map(({ digest }) => tabs[1].has(digest)))
      const held = all.filter(({ digest }) => tabs[0].has(digest))
      for (const each of held) expect(await tabs[1].get(each)).to.deep.equal(each)
      expect(Math.min(...evicted)).to.be.greaterThan(0)
      for (const tab of tabs) await tab.close()
    })

    it('evicts nothing that another tab has pinned, before or since, as long as that tab is there', async () => {
      const [a, b, c, d, e, f] = await blocks(6) as [...BlockPair, ...BlockPair, ...BlockPair]
      const [first, second] = [create({ name, quota: 3 * PAGE }), create({ name, quota: 3 * PAGE })]
      // news comes in the order in which it was sent
      const heard = async (condition: () => boolean): Promise<void> => {
        while (!condition()) await new Promise(resolve => setTimeout(resolve, 2))
      }
      first.pin(a.digest)
      await first.open()
      await first.put(a)
      await second.open()
      await second.put(b)
      await heard(() => first.has(b.digest))
      await first.put(c)
      await heard(() => second.has(c.digest))
      await second.put(d)
      expect([a, b, c, d].map(({ digest }) => second.has(digest))).to.deep.equal([true, false, true, true])
      await heard(() => first.has(d.digest))
      first.pin(d.digest)
      await first.delete(c.digest)
      await heard(() => !second.has(c.digest))
      second.pin(e.digest)
      await second.put(e)
      expect(await failure(second.put(f))).to.be.instanceOf(StoreFullError)
      // a tab that is gone holds nothing
      await first.close()
      let refused = true
      while (refused) {
        await new Promise(resolve => setTimeout(resolve, 2))
        refused = await second.put(f).then(() => false, error => error instanceof StoreFullError)
      }
      expect([a, d, e, f].map(({ digest }) => second.has(digest))).to.deep.equal([false, true, true, true])
      await second.close()
    })

    it('knows what other tabs have pinned before it evicts anything', async () => {
      const quota = 3 * PAGE
      const others = [create({ name, quota }), create({ name, quota })] as const
      const all = await blocks(4)
      for (const [i, other] of others.entries()) {
        other.pin((all[i] as VerifiedBlock).digest)
        await other.open()
        await other.put(all[i] as VerifiedBlock)
      }
      await others[0].put(all[2] as VerifiedBlock)
      const store = create({ name, quota })
      await store.open()
      await store.put(all[3] as VerifiedBlock)
      expect(all.map(({ digest }) => store.has(digest))).to.deep.equal([true, true, false, true])
      for (const each of [...others, store]) await each.close()
    })

    it('hears that another tab wants a block longer', async () => {
      const clock = new ManualClock(1e12)
      const [first, second] = [create({ name, quota: 3 * PAGE, clock }), create({ name, quota: 3 * PAGE, clock })]
      const [a, b, c] = await blocks(3) as [...BlockPair, VerifiedBlock]
      await first.open()
      await second.open()
      await first.put(a, { ttl: 10 })
      await first.put(b, { ttl: 1000 })
      while (!second.has(b.digest)) await new Promise(resolve => setTimeout(resolve, 2))
      await second.put(a, { ttl: 10_000 })
      await first.put(c)
      // what is in order comes in order
      while (!second.has(c.digest)) await new Promise(resolve => setTimeout(resolve, 2))
      await second.delete(c.digest)
      while (first.has(c.digest)) await new Promise(resolve => setTimeout(resolve, 2))
      clock.advance(100_000)
      await first.collect()
      expect([a, b].map(({ digest }) => first.has(digest))).to.deep.equal([true, true])
      clock.advance(1_000_000)
      await first.collect()
      expect([a, b].map(({ digest }) => first.has(digest))).to.deep.equal([true, false])
      await first.close()
      await second.close()
    })
  })
}
