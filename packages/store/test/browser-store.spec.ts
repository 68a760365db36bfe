import { ManualClock } from '@shoal/base'
import { StoreError, StoreFullError, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { verifyBlock } from '@shoal/content'
import { expect } from 'chai'
import { browserStore } from '../src/browser.js'
import { blockName } from '../src/block-name.js'
import { block, blocks, failure, PAGE } from './blocks.js'
import { compliance } from './compliance.js'

type BlockPair = [VerifiedBlock, VerifiedBlock]

if (typeof indexedDB !== 'undefined') {
  let count = 0
  let name = ''
  const next = (): string => (name = `shoal-test-${count++}`)

  const done = (request: IDBRequest): Promise<unknown> => new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error as DOMException) }
  })
  /** Bytes that lie in the database, whole pages. */
  const bytesIn = async (name: string): Promise<number> => {
    const database = await done(indexedDB.open(name)) as IDBDatabase
    const keys = await done(database.transaction('blocks').objectStore('blocks').getAllKeys()) as unknown[]
    database.close()
    return keys.length * PAGE
  }
  const clean = async (): Promise<void> => { await done(indexedDB.deleteDatabase(name)) }

  compliance('IndexedDB', {
    create: async init => browserStore({ ...init, name: next() }),
    again: async init => browserStore({ ...init, name }),
    clean,
    runs: 10
  })

  describe('browser store', () => {
    beforeEach(next)
    afterEach(clean)

    it('drops a block that rotted, and one that is there no longer, and says which', async () => {
      const store = browserStore({ name, quota: Infinity })
      const events: StoreEvent[] = []
      store.onevent = event => { events.push(event) }
      await store.open()
      const [a, b, c] = await blocks(3) as [VerifiedBlock, VerifiedBlock, VerifiedBlock]
      await Promise.all([a, b, c].map(each => store.put(each)))
      const database = await done(indexedDB.open(name)) as IDBDatabase
      const objects = database.transaction('blocks', 'readwrite').objectStore('blocks')
      objects.put(b.bytes, blockName(a.digest, PAGE))
      await done(objects.delete(blockName(b.digest, PAGE)))
      database.close()
      expect(await Promise.all([a, b, c].map(each => store.get(each)))).to.deep.equal([undefined, undefined, c])
      expect(events.map(event => event.type)).to.have.members(['corrupt', 'evicted'])
      expect([store.has(a.digest), store.has(b.digest), store.used]).to.deep.equal([false, false, PAGE])
      await store.put(a)
      expect(await store.get(a)).to.deep.equal(a)
      await store.close()
    })

    it('shares one quota with other tabs, and sees what they put and evict', async () => {
      const quota = 8 * PAGE
      const tabs = [browserStore({ name, quota }), browserStore({ name, quota })] as const
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
        most.push(await bytesIn(name))
      }))
      expect(Math.max(...most)).to.be.at.most(quota)
      // news travels
      while (tabs[0].used !== await bytesIn(name) || tabs[1].used !== tabs[0].used) await new Promise(resolve => setTimeout(resolve, 5))
      expect(all.map(({ digest }) => tabs[0].has(digest))).to.deep.equal(all.map(({ digest }) => tabs[1].has(digest)))
      const held = all.filter(({ digest }) => tabs[0].has(digest))
      for (const each of held) expect(await tabs[1].get(each)).to.deep.equal(each)
      expect(Math.min(...evicted)).to.be.greaterThan(0)
      for (const tab of tabs) await tab.close()
    })

    it('evicts nothing that another tab has pinned, before or since, as long as that tab is there', async () => {
      const [a, b, c, d, e, f] = await blocks(6) as [...BlockPair, ...BlockPair, ...BlockPair]
      const [first, second] = [browserStore({ name, quota: 3 * PAGE }), browserStore({ name, quota: 3 * PAGE })]
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
      const others = [browserStore({ name, quota }), browserStore({ name, quota })] as const
      const all = await blocks(4)
      for (const [i, other] of others.entries()) {
        other.pin((all[i] as VerifiedBlock).digest)
        await other.open()
        await other.put(all[i] as VerifiedBlock)
      }
      await others[0].put(all[2] as VerifiedBlock)
      const store = browserStore({ name, quota })
      await store.open()
      await store.put(all[3] as VerifiedBlock)
      expect(all.map(({ digest }) => store.has(digest))).to.deep.equal([true, true, false, true])
      for (const each of [...others, store]) await each.close()
    })

    it('waits no longer than two seconds for a tab that sleeps', async () => {
      const clock = new ManualClock()
      const awake = new AbortController()
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const asleep = navigator.locks.request(`shoal-store:${name}:asleep`, async () => {
        resolve(undefined)
        await new Promise(resolve => { awake.signal.addEventListener('abort', resolve) })
      })
      await promise
      const store = browserStore({ name, quota: PAGE, clock })
      let open = false
      const opening = store.open().then(() => { open = true })
      await new Promise(resolve => setTimeout(resolve, 20))
      expect(open).to.equal(false)
      clock.advance(2000)
      await opening
      awake.abort()
      await asleep
      await store.close()
    })

    it('hears that another tab wants a block longer', async () => {
      const clock = new ManualClock(1e12)
      const [first, second] = [browserStore({ name, quota: 3 * PAGE, clock }), browserStore({ name, quota: 3 * PAGE, clock })]
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

    it('starts anew when the browser takes its storage away, and says what is gone', async () => {
      const store = browserStore({ name, quota: 2 * PAGE })
      const gone: Uint8Array[] = []
      store.onevent = event => { if (event.type === 'evicted') gone.push(...event.digests) }
      await store.open()
      const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
      for (const each of [a, b]) await store.put(each)
      await clean()
      expect(gone).to.have.deep.members([a.digest, b.digest])
      expect([store.has(a.digest), store.used, await store.get(a)]).to.deep.equal([false, 0, undefined])
      await store.put(a)
      expect(await store.get(a)).to.deep.equal(a)
      await store.close()
    })

    it('says what is wrong when the browser refuses storage', async () => {
      const { open } = indexedDB
      indexedDB.open = () => { throw new DOMException('denied', 'SecurityError') }
      try {
        expect(await failure(browserStore({ name, quota: Infinity }).open())).to.be.instanceOf(StoreError)
      } finally {
        indexedDB.open = open
      }
    })

    it('keeps no more than the block of the buffer that the block is a part of', async () => {
      const store = browserStore({ name, quota: Infinity })
      await store.open()
      const { digest, bytes } = await block(1)
      const buffer = new Uint8Array(1 << 20)
      buffer.set(bytes, 100)
      await store.put(await verifyBlock({ digest }, buffer.subarray(100, 100 + PAGE)))
      expect((await store.get({ digest }))?.bytes.buffer.byteLength).to.equal(PAGE)
      await store.close()
    })
  })

  describe('browser store that the browser gives no room', () => {
    const { put } = IDBObjectStore.prototype
    let room = 0

    beforeEach(() => {
      next()
      IDBObjectStore.prototype.put = function (...args) {
        if (args[0] instanceof Uint8Array && room-- <= 0) throw new DOMException('no room', 'QuotaExceededError')
        return put.apply(this, args)
      }
    })
    afterEach(async () => {
      IDBObjectStore.prototype.put = put
      await clean()
    })

    it('evicts, and refuses when there is nothing to evict', async () => {
      const store = browserStore({ name, quota: Infinity })
      await store.open()
      const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
      room = 0
      expect(await failure(store.put(a))).to.be.instanceOf(StoreFullError)
      room = 1
      await store.put(a)
      expect(await failure(store.put(b))).to.be.instanceOf(StoreFullError)
      expect([store.has(a.digest), store.has(b.digest), store.used]).to.deep.equal([false, false, 0])
      await store.close()
    })
  })
}
