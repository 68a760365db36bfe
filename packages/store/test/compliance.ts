import { equalBytes, ManualClock, toHex, type Clock } from '@shoal/base'
import { StoreFullError, type BlockStore, type Collected, type CollectOptions, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import fc from 'fast-check'
import { block, blocks, failure, PAGE } from './blocks.js'

/** As the factories of all stores take it. */
export interface StoreInit {
  readonly quota: number
  readonly ttl?: number | undefined
  readonly clock?: Clock | undefined
}

export interface Compliance {
  /** A store on an empty medium, not opened yet. */
  create (init: StoreInit): Promise<BlockStore>
  /** Another store on the medium of the last one, which is closed; absent where nothing is kept. */
  again?: (init: StoreInit) => Promise<BlockStore>
  /** Removes the medium of the last store, which is closed. */
  clean (): Promise<void>
  /** Random runs of the property test. */
  runs: number
}

/** What every `BlockStore` does, whatever it keeps the blocks in. */
export function compliance (name: string, { create, again, clean, runs }: Compliance): void {
  describe(`${name}: block store`, () => {
    let store: BlockStore
    let events: StoreEvent[]

    async function use (init: number | StoreInit, make: typeof create = create): Promise<void> {
      store = await make(typeof init === 'number' ? { quota: init } : init)
      events = []
      store.onevent = event => { events.push(event) }
      await store.open()
    }

    function evicted (): string[] {
      return events.flatMap(event => event.type === 'evicted' ? event.digests.map(toHex) : [])
    }

    /** A store in memory waits for its clock between steps. */
    async function collect (clock: ManualClock, options?: CollectOptions): Promise<Collected> {
      let over = false
      const end = store.collect(options).finally(() => { over = true })
      while (!over) {
        clock.advance(1)
        await new Promise(resolve => setTimeout(resolve))
      }
      return await end
    }

    afterEach(async () => {
      await store.close()
      await clean()
    })

    it('gives back what was put', async () => {
      await use(Infinity)
      for (const size of [1, 100, PAGE, 262_144]) {
        const put = await block(size, size)
        await store.put(put)
        expect(store.has(put.digest)).to.equal(true)
        const got = await store.get({ digest: put.digest, size })
        expect(got !== undefined && equalBytes(got.bytes, put.bytes) && equalBytes(got.digest, put.digest)).to.equal(true)
        expect((await store.get({ digest: put.digest }))?.bytes.byteLength).to.equal(size)
      }
      expect(events).to.deep.equal([])
    })

    it('has nothing that was not put', async () => {
      await use(Infinity)
      const { digest } = await block(1)
      expect(store.has(digest)).to.equal(false)
      expect(await store.get({ digest })).to.equal(undefined)
      await store.delete(digest)
    })

    it('does not give, and does not lose, a block that is asked for with a wrong size', async () => {
      await use(Infinity)
      const put = await block(1)
      await store.put(put)
      expect(await store.get({ digest: put.digest, size: PAGE - 1 })).to.equal(undefined)
      expect(await store.get({ digest: put.digest, size: PAGE })).to.not.equal(undefined)
    })

    it('deletes', async () => {
      await use(Infinity)
      const put = await block(1)
      await store.put(put)
      await store.delete(put.digest)
      expect(store.has(put.digest)).to.equal(false)
      expect(await store.get(put)).to.equal(undefined)
      expect(store.used).to.equal(0)
      await store.put(put)
      expect(await store.get(put)).to.not.equal(undefined)
    })

    it('counts a block once, however often and at whatever time it is put', async () => {
      await use(Infinity)
      const put = await block(1)
      await Promise.all([store.put(put), store.put(put), store.put(put)])
      await store.put(put)
      expect(store.used).to.equal(PAGE)
    })

    it('survives put, get and delete of one block all at once', async () => {
      await use(Infinity)
      const put = await block(1)
      const calls = [() => store.put(put), () => store.get(put), () => store.delete(put.digest)] as const
      await Promise.all(Array.from({ length: 30 }, async (_, i) => { await calls[i % 3 as 0 | 1 | 2]() }))
      await store.put(put)
      expect((await store.get(put))?.bytes.byteLength).to.equal(PAGE)
      expect(events).to.deep.equal([])
    })

    it('evicts what was not used for longest, and says so', async () => {
      await use(3 * PAGE)
      const [a, b, c, d] = await blocks(4) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b, c]) await store.put(each)
      await store.get(a)
      await store.put(d)
      expect([a, b, c, d].map(({ digest }) => store.has(digest))).to.deep.equal([true, false, true, true])
      expect(evicted()).to.deep.equal([toHex(b.digest)])
      expect(store.used).to.equal(3 * PAGE)
      expect(await store.get(b)).to.equal(undefined)
    })

    it('evicts first what was demoted, unless it is used again', async () => {
      await use(3 * PAGE)
      const [a, b, c, d, e] = await blocks(5) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b, c]) await store.put(each)
      for (const each of [b, c, e]) store.demote(each.digest)
      await store.get(b)
      await store.put(d)
      await store.put(e)
      expect(evicted()).to.deep.equal([toHex(c.digest), toHex(a.digest)])
    })

    it('passes over once what was promoted', async () => {
      await use(3 * PAGE)
      const [a, b, c, d, e] = await blocks(5) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b, c]) await store.put(each)
      for (const each of [a, e]) store.promote(each.digest)
      await store.put(d)
      await store.put(e)
      expect(evicted()).to.deep.equal([toHex(b.digest), toHex(c.digest)])
      await store.put(b)
      expect(evicted()).to.deep.equal([toHex(b.digest), toHex(c.digest), toHex(a.digest)])
    })

    it('evicts first what has expired, the earliest first, then what was demoted', async () => {
      const clock = new ManualClock(1e12)
      await use({ quota: 4 * PAGE, ttl: 100, clock })
      const [a, b, c, d, e, f, g] = await blocks(7) as [
        VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock
      ]
      await store.put(a, { ttl: 50 })
      await store.put(b)
      await store.put(c, { ttl: 20 })
      await store.put(d, { ttl: Infinity })
      store.demote(d.digest)
      clock.advance(60_000)
      for (const each of [e, f, g]) await store.put(each)
      expect(evicted()).to.deep.equal([c, a, d].map(({ digest }) => toHex(digest)))
      // it has expired when it is asked for, and is what it was
      clock.advance(60_000)
      expect(await store.get(b)).to.not.equal(undefined)
    })

    it('keeps a block as long as the one who wants it longest says', async () => {
      const clock = new ManualClock(1e12)
      await use({ quota: Infinity, clock })
      const [a, b, c] = await blocks(3) as [VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b, c]) await store.put(each, { ttl: 10 })
      await store.put(a, { ttl: 100 })
      await store.put(b)
      await store.put(c, { ttl: 1 })
      clock.advance(50_000)
      expect(await collect(clock)).to.deep.equal({ blocks: 1, bytes: PAGE })
      expect(evicted()).to.deep.equal([toHex(c.digest)])
    })

    it('collects what has expired, and more when asked, but nothing that is pinned', async () => {
      const clock = new ManualClock(1e12)
      await use({ quota: Infinity, clock })
      const all = await blocks(200, 512)
      await Promise.all(all.map((each, i) => store.put(each, { ttl: i < 100 ? 10 : undefined })))
      const [pinned, later] = [all[0] as VerifiedBlock, all[150] as VerifiedBlock]
      for (const { digest } of [pinned, later]) store.pin(digest)
      const { used } = store
      clock.advance(11_000)
      expect((await collect(clock)).blocks).to.equal(99)
      expect([store.has(pinned.digest), store.used]).to.deep.equal([true, used - 99 * used / 200])
      // in steps, so that others have their turn
      expect(Math.max(...events.map(event => event.type === 'evicted' ? event.digests.length : 0))).to.be.at.most(64)
      expect((await collect(clock, { keep: used / 4 })).blocks).to.equal(51)
      expect(store.used).to.equal(used / 4)
      expect((await collect(clock, { keep: 0 })).blocks).to.equal(48)
      expect([pinned, later].map(({ digest }) => store.has(digest))).to.deep.equal([true, true])
      for (const { digest } of [pinned, later]) store.unpin(digest)
      expect((await collect(clock)).blocks).to.equal(1)
      expect(store.has(pinned.digest)).to.equal(false)
    })

    it('evicts nothing that is being read', async () => {
      await use(2 * PAGE)
      const [a, b, c] = await blocks(3) as [VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b]) await store.put(each)
      const reading = store.get(a)
      await store.put(c)
      expect((await reading)?.bytes.byteLength).to.equal(PAGE)
      expect([a, b, c].map(({ digest }) => store.has(digest))).to.deep.equal([true, false, true])
    })

    it('holds to its quota with a hundred writers at once', async function () {
      this.timeout(20_000)
      const quota = 64 * PAGE
      await use(quota)
      let most = 0
      const all = await blocks(400, PAGE)
      await Promise.all(Array.from({ length: 100 }, async (_, writer) => {
        for (let i = writer; i < all.length; i += 100) {
          const error = await store.put(all[i] as VerifiedBlock).catch((error: unknown) => error)
          if (error !== undefined) expect(error).to.be.instanceOf(StoreFullError)
          most = Math.max(most, store.used)
        }
      }))
      expect(most).to.be.at.most(quota)
      const held = all.filter(({ digest }) => store.has(digest))
      expect(store.used).to.equal(held.length * PAGE)
      for (const each of held) expect((await store.get(each))?.bytes.byteLength).to.equal(PAGE)
    })

    it('never evicts what is pinned, as often as it is pinned', async () => {
      await use(2 * PAGE)
      const [a, b, c, d] = await blocks(4) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
      store.pin(a.digest)
      store.pin(a.digest)
      for (const each of [a, b, c]) await store.put(each)
      expect([a, b, c].map(({ digest }) => store.has(digest))).to.deep.equal([true, false, true])
      store.unpin(a.digest)
      await store.put(b)
      expect(store.has(a.digest)).to.equal(true)
      store.unpin(a.digest)
      await store.put(c)
      await store.put(d)
      expect(store.has(a.digest)).to.equal(false)
    })

    it('tells what is pinned, held or not, and takes no read for a pin', async () => {
      await use(2 * PAGE)
      const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
      store.pin(a.digest)
      await store.put(b)
      const reading = store.get(b)
      expect([a, b].map(({ digest }) => store.pinned(digest))).to.deep.equal([true, false])
      await reading
      store.unpin(a.digest)
      store.pin(b.digest)
      expect([a, b].map(({ digest }) => store.pinned(digest))).to.deep.equal([false, true])
    })

    it('refuses when all that it holds is pinned', async () => {
      await use(2 * PAGE)
      const [a, b, c] = await blocks(3) as [VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b]) {
        store.pin(each.digest)
        await store.put(each)
      }
      expect(await failure(store.put(c))).to.be.instanceOf(StoreFullError)
      expect(store.has(c.digest)).to.equal(false)
      expect(evicted()).to.deep.equal([])
      await store.put(a)
    })

    it('refuses a block that no eviction makes room for, and evicts nothing for it', async () => {
      await use(2 * PAGE)
      const small = await block(1)
      await store.put(small)
      expect(await failure(store.put(await block(2, 3 * PAGE)))).to.be.instanceOf(StoreFullError)
      expect(store.has(small.digest)).to.equal(true)
    })

    it('never exceeds its quota, loses nothing pinned, and has exactly what it gives', async function () {
      this.timeout(20_000)
      const universe = await Promise.all(Array.from({ length: 8 }, (_, i) => block(i, (1 + i % 3) * PAGE)))
      const quota = 8 * PAGE
      const command = fc.tuple(fc.constantFrom('put', 'put', 'put', 'get', 'delete', 'pin', 'unpin'), fc.nat(universe.length - 1))
      await use(quota)
      await fc.assert(fc.asyncProperty(fc.array(fc.array(command, { minLength: 1, maxLength: 4 }), { maxLength: 25 }), async batches => {
        const pins = universe.map(() => 0)
        const held = universe.map(() => false)
        for (const batch of batches) {
          // Each batch runs at once; the model follows those that stand alone.
          await Promise.all(batch.map(async ([what, index]) => {
            const each = universe[index] as VerifiedBlock
            if (what === 'put') {
              const error = await store.put(each).catch((error: unknown) => error)
              if (error !== undefined) expect(error).to.be.instanceOf(StoreFullError)
              else if (batch.length === 1) expect(store.has(each.digest)).to.equal(true)
            } else if (what === 'get') {
              const got = await store.get(each)
              if (got !== undefined) expect(equalBytes(got.bytes, each.bytes)).to.equal(true)
            } else if (what === 'delete') {
              await store.delete(each.digest)
            } else if (what === 'pin') {
              store.pin(each.digest)
              pins[index] = (pins[index] as number) + 1
            } else if (pins[index] !== 0) {
              store.unpin(each.digest)
              pins[index] = (pins[index] as number) - 1
            }
            expect(store.used).to.be.at.most(quota)
          }))
          for (const [index, each] of universe.entries()) {
            const now = store.has(each.digest)
            const touched = batch.some(([what, other]) => other === index && what !== 'get')
            if (pins[index] !== 0 && held[index] === true && !touched) expect(now).to.equal(true)
            held[index] = now
          }
          const sum = universe.reduce((sum, each, index) => sum + (held[index] === true ? each.bytes.byteLength : 0), 0)
          expect(store.used).to.equal(sum)
        }
        for (const [index, each] of universe.entries()) {
          expect((await store.get(each)) !== undefined).to.equal(held[index])
          while ((pins[index] as number) > 0) {
            store.unpin(each.digest)
            pins[index] = (pins[index] as number) - 1
          }
          await store.delete(each.digest)
        }
        expect(store.used).to.equal(0)
      }), { numRuns: runs })
      expect(events.filter(event => event.type !== 'evicted')).to.deep.equal([])
    })

    if (again === undefined) return

    it('keeps its blocks when it is closed', async () => {
      await use(Infinity)
      const kept = await blocks(20)
      for (const each of kept) await store.put(each)
      const { used } = store
      await store.close()
      await use(Infinity, again)
      expect(store.used).to.equal(used)
      for (const each of kept) expect(await store.get(each)).to.deep.equal(each)
    })

    it('knows what has expired when it is opened again', async () => {
      const clock = new ManualClock(1e12)
      await use({ quota: Infinity, clock })
      const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
      await store.put(a, { ttl: 10 })
      await store.put(b)
      await store.close()
      clock.advance(20_000)
      await use({ quota: Infinity, clock }, again)
      await collect(clock)
      expect([a, b].map(({ digest }) => store.has(digest))).to.deep.equal([false, true])
    })

    it('knows, when it is opened again, for how long the one who wanted a block longest wanted it', async () => {
      const clock = new ManualClock(1e12)
      await use({ quota: Infinity, clock })
      const [a, b, c] = await blocks(3) as [VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b, c]) await store.put(each, { ttl: 10 })
      await store.put(a, { ttl: 100 })
      await store.put(b)
      const { used } = store
      await store.close()
      clock.advance(50_000)
      await use({ quota: Infinity, clock }, again)
      expect(store.used).to.equal(used)
      for (const each of [a, b, c]) expect(await store.get(each)).to.deep.equal(each)
      await collect(clock)
      expect(evicted()).to.deep.equal([toHex(c.digest)])
      clock.advance(100_000)
      await collect(clock)
      expect([a, b].map(({ digest }) => store.has(digest))).to.deep.equal([false, true])
    })

    it('makes room when it was opened with a smaller quota, for what is pinned first', async () => {
      await use(Infinity)
      const all = await blocks(10)
      for (const each of all) await store.put(each)
      await store.close()
      await use(4 * PAGE, again)
      expect(store.used).to.equal(10 * PAGE)
      for (const { digest } of all.slice(0, 3)) store.pin(digest)
      await store.put(await block(50))
      expect(store.used).to.equal(4 * PAGE)
      expect(evicted()).to.have.length(7)
      expect(all.slice(0, 3).map(({ digest }) => store.has(digest))).to.deep.equal([true, true, true])
    })
  })
}
