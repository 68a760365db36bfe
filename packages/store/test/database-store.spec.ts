import { ManualClock } from '@shoal/base'
import { StoreError, StoreFullError, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { verifyBlock } from '@shoal/content'
import { expect } from 'chai'
import { blockName } from '../src/block-name.js'
import { bytesInDatabase, databaseStore, done, removeDatabase } from './browser-media.js'
import { block, blocks, failure, PAGE } from './blocks.js'
import { compliance } from './compliance.js'
import { tabs } from './tabs.js'

if (typeof indexedDB !== 'undefined') {
  let count = 0
  let name = ''
  const next = (): string => (name = `shoal-test-${count++}`)

  const clean = async (): Promise<void> => { await removeDatabase(name) }

  compliance('IndexedDB', {
    create: async init => databaseStore({ ...init, name: next() }),
    again: async init => databaseStore({ ...init, name }),
    clean,
    runs: 10
  })

  tabs('IndexedDB', { create: databaseStore, bytes: bytesInDatabase, clean: removeDatabase })

  describe('store in IndexedDB', () => {
    beforeEach(next)
    afterEach(clean)

    it('drops a block that rotted, and one that is there no longer, and says which', async () => {
      const store = databaseStore({ name, quota: Infinity })
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

    it('waits no longer than two seconds for a tab that sleeps', async () => {
      const clock = new ManualClock()
      const awake = new AbortController()
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const asleep = navigator.locks.request(`shoal-store:${name}:asleep`, async () => {
        resolve(undefined)
        await new Promise(resolve => { awake.signal.addEventListener('abort', resolve) })
      })
      await promise
      const store = databaseStore({ name, quota: PAGE, clock })
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

    it('starts anew when the browser takes its storage away, and says what is gone', async () => {
      const store = databaseStore({ name, quota: 2 * PAGE })
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
        expect(await failure(databaseStore({ name, quota: Infinity }).open())).to.be.instanceOf(StoreError)
      } finally {
        indexedDB.open = open
      }
    })

    it('keeps no more than the block of the buffer that the block is a part of', async () => {
      const store = databaseStore({ name, quota: Infinity })
      await store.open()
      const { digest, bytes } = await block(1)
      const buffer = new Uint8Array(1 << 20)
      buffer.set(bytes, 100)
      await store.put(await verifyBlock({ digest }, buffer.subarray(100, 100 + PAGE)))
      expect((await store.get({ digest }))?.bytes.buffer.byteLength).to.equal(PAGE)
      await store.close()
    })
  })

  describe('store in IndexedDB that the browser gives no room', () => {
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
      const store = databaseStore({ name, quota: Infinity })
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
