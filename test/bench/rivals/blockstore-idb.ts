/** `blockstore-idb`, Helia's store in a page: IndexedDB. Does not verify what it reads. */

import { IDBBlockstore } from 'blockstore-idb'
import { serve } from '../store/serve.ts'
import { cidOf } from './cid-of.ts'

serve({
  async blockstore_idb () {
    const store = new IDBBlockstore('blocks')
    await store.open()
    return {
      put: block => store.put(cidOf(block), block.bytes),
      async get (block) {
        let bytes = 0
        for await (const chunk of store.get(cidOf(block))) bytes += chunk.byteLength
        return bytes
      },
      close: () => store.close()
    }
  }
})
