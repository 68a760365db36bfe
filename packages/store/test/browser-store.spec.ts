import { ManualClock } from '@shoal/base'
import { StoreError, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import { browserStore } from '../src/browser.js'
import { bytesInDatabase, bytesInPacks, removeDatabase, removePacks } from './browser-media.js'
import { block, blocks, failure, PAGE } from './blocks.js'

if (typeof indexedDB !== 'undefined') {
  describe('browser store', () => {
    const { Worker } = globalThis
    let count = 0
    let name = ''

    beforeEach(() => { name = `shoal-test-browser-${count++}` })
    afterEach(async () => {
      globalThis.Worker = Worker
      await removeDatabase(name)
      await removePacks(name).catch(() => {})
    })

    const refuse: Readonly<Record<string, typeof Worker>> = {
      'at once': class {
        constructor () { throw new DOMException('the policy says no', 'SecurityError') }
      } as unknown as typeof Worker,
      later: class extends EventTarget {
        onerror: ((event: { message?: string }) => void) | undefined
        constructor () {
          super()
          setTimeout(() => { this.onerror?.({}) })
        }

        postMessage (): void {}
        terminate (): void {}
      } as unknown as typeof Worker
    }

    /** Puts one block in one visit. */
    async function visit (put: VerifiedBlock): Promise<StoreEvent[]> {
      const events: StoreEvent[] = []
      const store = browserStore({ name, quota: Infinity })
      await store.open()
      store.onevent = event => { events.push(event) }
      await store.put(put)
      expect(await store.get(put)).to.deep.equal(put)
      await store.close()
      // the page is gone when its locks are
      const isHeld = async (): Promise<boolean> => (await navigator.locks.query()).held?.some(lock => lock.name?.includes(name)) ?? false
      while (await isHeld()) await new Promise(resolve => setTimeout(resolve, 2))
      return events
    }

    it('keeps its blocks in packs', async () => {
      expect(await visit(await block(1))).to.deep.equal([])
      expect([await bytesInPacks(name), await bytesInDatabase(name)]).to.deep.equal([PAGE, -1])
    })

    for (const [when, refusing] of Object.entries(refuse)) {
      it(`keeps them in IndexedDB where the page may not start a worker, which it is told ${when}, and says so`, async () => {
        globalThis.Worker = refusing
        const [event, ...others] = await visit(await block(1))
        expect(event?.type).to.equal('failed')
        expect((event as { error: Error }).error).to.be.instanceOf(StoreError)
        expect((event as { doing: string }).doing).to.contain('IndexedDB is used instead')
        expect(others).to.deep.equal([])
        expect(await bytesInDatabase(name)).to.equal(PAGE)
      })
    }

    it('keeps them in IndexedDB when the worker says nothing for five seconds', async () => {
      globalThis.Worker = class extends EventTarget {
        postMessage (): void {}
        terminate (): void {}
      } as unknown as typeof Worker
      const clock = new ManualClock(1e12)
      const store = browserStore({ name, quota: Infinity, clock })
      const opening = store.open()
      clock.advance(5000)
      await opening
      await store.put(await block(1))
      expect(await bytesInDatabase(name)).to.equal(PAGE)
      await store.close()
    })

    it('keeps nothing of earlier visits in both, so that one quota is enough', async () => {
      const [a, b, c] = await blocks(3) as [VerifiedBlock, VerifiedBlock, VerifiedBlock]
      await visit(a)
      globalThis.Worker = refuse['later'] as typeof Worker
      await visit(b)
      expect([await bytesInPacks(name), await bytesInDatabase(name)]).to.deep.equal([-1, PAGE])
      globalThis.Worker = Worker
      await visit(c)
      expect([await bytesInPacks(name), await bytesInDatabase(name)]).to.deep.equal([PAGE, -1])
    })

    it('says what is wrong when the browser refuses all storage', async () => {
      globalThis.Worker = refuse['at once'] as typeof Worker
      const { open } = indexedDB
      indexedDB.open = () => { throw new DOMException('denied', 'SecurityError') }
      try {
        expect(await failure(browserStore({ name, quota: Infinity }).open())).to.be.instanceOf(StoreError)
      } finally {
        indexedDB.open = open
      }
    })
  })
}
