import { DataInUseError } from '@shoal/interface'
import { expect } from 'chai'
import { MediumStore } from '../src/medium-store.js'
import { PackMedium } from '../src/packs/pack-medium.js'
import { failure } from './blocks.js'
import { compliance, type StoreInit } from './compliance.js'
import { opfsIo } from './opfs-io.js'

if (typeof navigator !== 'undefined' && 'storage' in navigator) {
  let count = 0
  let name = ''
  let io: ReturnType<typeof opfsIo>
  const again = async (init: StoreInit): Promise<MediumStore> => new MediumStore(new PackMedium(name, init.quota, io), init)
  const create = async (init: StoreInit): Promise<MediumStore> => {
    name = `shoal-test-${count++}`
    return await again(init)
  }

  describe('origin-private file system', () => {
    before(() => { io = opfsIo() })
    after(() => { io.end() })

    compliance('OPFS', {
      create,
      again,
      async clean () { await (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true }) },
      runs: 5
    })

    it('is owned by one page at a time', async () => {
      const store = await create({ quota: Infinity })
      await store.open()
      expect(await failure((await again({ quota: Infinity })).open())).to.be.instanceOf(DataInUseError)
      await store.close()
    })
  })
}
