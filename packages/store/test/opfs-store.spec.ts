import { ManualClock } from '@shoal/base'
import { StoreError, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import { bytesInPacks, opfsStore, removePacks } from './browser-media.js'
import { block, blocks, failure, PAGE } from './blocks.js'
import { compliance, type StoreInit } from './compliance.js'
import { tabs } from './tabs.js'

if (typeof navigator !== 'undefined' && 'storage' in navigator) {
  let count = 0
  let name = ''
  const next = (): string => (name = `shoal-test-opfs-${count++}`)
  const clean = async (): Promise<void> => { await removePacks(name) }

  compliance('OPFS', {
    create: async init => opfsStore({ ...init, name: next() }),
    again: async init => opfsStore({ ...init, name }),
    clean,
    runs: 5
  })

  describe('as a guest', () => {
    let owner: ReturnType<typeof opfsStore>
    const another = async (init: StoreInit): Promise<ReturnType<typeof opfsStore>> => {
      owner = opfsStore({ ...init, name })
      await owner.open()
      return opfsStore({ ...init, name })
    }

    compliance('OPFS of another tab', {
      create: async init => {
        next()
        return await another(init)
      },
      again: async init => {
        await owner.close()
        return await another(init)
      },
      async clean () {
        await owner.close()
        await clean()
      },
      runs: 5
    })
  })

  tabs('OPFS', { create: opfsStore, bytes: bytesInPacks, clean: removePacks })

  describe('store in OPFS', () => {
    beforeEach(next)
    afterEach(clean)

    it('goes on, with all that it has, when the tab that has the files goes away', async () => {
      const stores = Array.from({ length: 3 }, () => opfsStore({ name, quota: Infinity }))
      const [first, second, third] = stores as [typeof stores[0], typeof stores[0], typeof stores[0]]
      for (const store of stores) await store.open()
      const all = await blocks(30)
      for (const each of all.slice(0, 10)) await second.put(each)
      // asked for while nobody has the files
      const closing = first.close()
      const puts = all.slice(10).map((each, i) => (i % 2 === 0 ? second : third).put(each))
      const gets = all.slice(0, 10).map(each => third.get(each))
      await closing
      await Promise.all(puts)
      expect(await Promise.all(gets)).to.deep.equal(all.slice(0, 10))
      for (const store of [second, third]) {
        while (store.used !== 30 * PAGE) await new Promise(resolve => setTimeout(resolve, 2))
        expect(await Promise.all(all.map(each => store.get(each)))).to.deep.equal(all)
      }
      await second.close()
      expect(await Promise.all(all.map(each => third.get(each)))).to.deep.equal(all)
      await third.close()
      const again = opfsStore({ name, quota: Infinity })
      await again.open()
      expect(again.used).to.equal(30 * PAGE)
      await again.close()
    })

    it('fails within seconds, says so once, and works again, when the tab that has the files sleeps for a while', async () => {
      const clock = new ManualClock()
      const owner = opfsStore({ name, quota: Infinity })
      await owner.open()
      const store = opfsStore({ name, quota: Infinity, clock })
      const events: StoreEvent[] = []
      store.onevent = event => { events.push(event) }
      await store.open()
      const [a, b, c] = await blocks(3) as [VerifiedBlock, VerifiedBlock, VerifiedBlock]
      await store.put(a)
      const { postMessage } = BroadcastChannel.prototype
      BroadcastChannel.prototype.postMessage = () => {}
      try {
        const [put, get] = [failure(store.put(b)), store.get(a)]
        clock.advance(5000)
        expect(await put).to.be.instanceOf(StoreError)
        expect(await get).to.equal(undefined)
        expect(await failure(store.put(c))).to.be.instanceOf(StoreError)
        expect(events.map(event => event.type)).to.deep.equal(['failed'])
        expect([store.has(a.digest), store.has(b.digest), store.used]).to.deep.equal([true, false, PAGE])
      } finally {
        BroadcastChannel.prototype.postMessage = postMessage
      }
      while (await store.get(a) === undefined) await new Promise(resolve => setTimeout(resolve, 2))
      await store.put(b)
      expect(await store.get(b)).to.deep.equal(b)
      expect(events).to.have.length(1)
      await store.close()
      await owner.close()
    })

    it('drops a block that rotted, and says so', async () => {
      const store = opfsStore({ name, quota: Infinity })
      await store.open()
      const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
      for (const each of [a, b]) await store.put(each)
      await store.close()
      const folder = await (await (await navigator.storage.getDirectory()).getDirectoryHandle(name)).getDirectoryHandle('packs')
      const file = await (await folder.getFileHandle('4k')).createWritable({ keepExistingData: true })
      await file.write({ type: 'write', position: 7, data: new Uint8Array([~(a.bytes[7] as number)]) })
      await file.close()
      const events: StoreEvent[] = []
      const again = opfsStore({ name, quota: Infinity })
      again.onevent = event => { events.push(event) }
      await again.open()
      expect([await again.get(a), await again.get(b)]).to.deep.equal([undefined, b])
      expect(events.map(event => event.type)).to.deep.equal(['corrupt'])
      await again.put(a)
      expect(await again.get(a)).to.deep.equal(a)
      await again.close()
    })

    it('keeps no more than the block of the buffer that the block is a part of, on its way to another tab', async () => {
      const [owner, store] = [opfsStore({ name, quota: Infinity }), opfsStore({ name, quota: Infinity })]
      await owner.open()
      await store.open()
      const whole = await block(1, 2 * PAGE)
      await store.put({ ...whole, bytes: new Uint8Array([...new Uint8Array(100), ...whole.bytes]).subarray(100) })
      expect((await store.get(whole))?.bytes.buffer.byteLength).to.equal(2 * PAGE)
      await store.close()
      await owner.close()
    })
  })
}
