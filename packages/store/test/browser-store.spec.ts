import { StoreFullError, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { verifyBlock } from '@shoal/content'
import { expect } from 'chai'
import { browserStore } from '../src/browser.js'
import { blockName } from '../src/block-name.js'
import { block, blocks, failure, PAGE } from './blocks.js'
import { compliance } from './compliance.js'

if (typeof indexedDB !== 'undefined') {
  let count = 0
  let name = ''
  const next = (): string => (name = `shoal-test-${count++}`)

  const done = (request: IDBRequest): Promise<unknown> => new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error as DOMException) }
  })
  const clean = async (): Promise<void> => { await done(indexedDB.deleteDatabase(name)) }

  compliance('IndexedDB', {
    create: async quota => browserStore({ name: next(), quota }),
    again: async quota => browserStore({ name, quota }),
    clean,
    runs: 10
  })

  describe('browser store', () => {
    beforeEach(next)
    afterEach(clean)

    it('drops a block that rotted, and one that another tab deleted, and says so', async () => {
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
      expect(events.map(event => event.type)).to.deep.equal(['corrupt', 'corrupt'])
      expect([store.has(a.digest), store.has(b.digest), store.used]).to.deep.equal([false, false, PAGE])
      await store.put(a)
      expect(await store.get(a)).to.deep.equal(a)
      await store.close()
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
        if (room-- <= 0) throw new DOMException('no room', 'QuotaExceededError')
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
