import { expect } from 'chai'
import { Key } from 'interface-datastore'
import { LastingDatastore } from '../src/browser/lasting-datastore.js'

if (typeof indexedDB !== 'undefined') {
  describe('lasting datastore', () => {
    const [a, b] = [new Key('/a'), new Key('/b')]
    const value = new Uint8Array([1, 2, 3])
    let store: LastingDatastore

    beforeEach(async () => {
      store = new LastingDatastore('shoal-test-records')
      await store.open()
    })
    afterEach(async () => {
      await store.close()
      await store.destroy()
    })

    /** As it is when the browser has closed the database. */
    const lose = async (): Promise<void> => { await store.close() }

    const calls: Readonly<Record<string, () => Promise<void>>> = {
      put: async () => { await store.put(b, value) },
      get: async () => { expect(await store.get(a)).to.deep.equal(value) },
      has: async () => { expect(await store.has(a)).to.equal(true) },
      delete: async () => { await store.delete(a) },
      batch: async () => {
        const batch = store.batch()
        batch.put(b, value)
        batch.delete(a)
        await batch.commit()
        expect([await store.has(a), await store.has(b)]).to.deep.equal([false, true])
      },
      query: async () => { for await (const pair of store.query({})) expect(pair.value).to.deep.equal(value) },
      queryKeys: async () => { for await (const key of store.queryKeys({})) expect(key.toString()).to.equal('/a') }
    }
    for (const [name, call] of Object.entries(calls)) {
      it(`opens its database again when it was taken away: ${name}`, async () => {
        await store.put(a, value)
        await lose()
        await call()
        await store.put(a, value)
        expect(await store.get(a)).to.deep.equal(value)
      })
    }

    it('asks again what was under way when its database was taken away', async () => {
      await store.put(a, value)
      await lose()
      let closed = 0
      const broken = { get: () => Promise.reject(new DOMException('the transaction was aborted', 'AbortError')), close: () => { closed++ } }
      Object.assign(store, { db: broken })
      expect(await store.get(a)).to.deep.equal(value)
      expect(closed).to.equal(1)
    })

    it('does not ask again what was called off', async () => {
      const error: unknown = await store.get(a, { signal: AbortSignal.abort() }).catch((error: unknown) => error)
      expect(String(error)).to.include('AbortError')
    })

    it('has nothing that is not there', async () => {
      await lose()
      const error: unknown = await store.get(b).catch((error: unknown) => error)
      expect(error).to.have.property('name', 'NotFoundError')
    })
  })
}
