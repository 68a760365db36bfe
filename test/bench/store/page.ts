/** Shoal's stores in a page: packs in the origin-private file system, also when another tab has their files open, and IndexedDB. */

import type { BlockStore } from '@shoal/interface'
import { databaseStore, opfsStore } from '../../../packages/store/dist/test/browser-media.js'
import type { Backend } from './contest.ts'
import { serve } from './serve.ts'

async function backend (store: BlockStore): Promise<Backend> {
  await store.open()
  return {
    put: block => store.put(block),
    get: async block => (await store.get(block))?.bytes.byteLength ?? 0,
    close: () => store.close()
  }
}

const init = { name: 'blocks', quota: 2 ** 40 }

serve({
  idb: () => backend(databaseStore(init)),
  opfs: () => backend(opfsStore(init)),
  async opfs_guest () {
    const owner = opfsStore(init)
    await owner.open()
    const guest = await backend(opfsStore(init))
    return {
      ...guest,
      async close () {
        await guest.close()
        await owner.close()
      }
    }
  }
}, quota => opfsStore({ name: 'crowd', quota }))
