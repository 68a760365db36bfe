/** Shoal's stores in a page: the default in IndexedDB, and packs in the origin-private file system. */

import type { BlockStore } from '@shoal/interface'
import { browserStore } from '@shoal/store/browser'
import { opfsStore } from '../../../packages/store/dist/test/opfs-store.js'
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

serve({
  idb: () => backend(browserStore({ name: 'blocks', quota: 2 ** 40 })),
  opfs: () => backend(opfsStore({ name: 'blocks', quota: 2 ** 40 }))
})
