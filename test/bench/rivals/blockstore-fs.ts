/** `blockstore-fs`, Helia's store on disk: a file per block. Does not verify what it reads. */

import { FsBlockstore } from 'blockstore-fs'
import { compete } from '../store/child.ts'
import { cidOf } from './cid-of.ts'

const LANES = 8

await compete(async folder => {
  const store = new FsBlockstore(folder)
  await store.open()
  return {
    lanes: LANES,
    backend: {
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
