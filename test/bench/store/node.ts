/** Shoal's stores in Node.js, and the disk without any store. */

import { write, read } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BlockStore, VerifiedBlock } from '@shoal/interface'
import { memoryStore } from '@shoal/store'
import { fileStore } from '@shoal/store/node'
import { compete } from './child.ts'
import type { Backend } from './contest.ts'

/** Blocks on their way at the same time, as a node has them. */
const LANES = 8

async function storeBackend (store: BlockStore): Promise<Backend> {
  await store.open()
  return {
    put: block => store.put(block),
    get: async block => (await store.get(block))?.bytes.byteLength ?? 0,
    close: () => store.close()
  }
}

/** One file, one block after the other: the way of whoever only has to write a file. */
async function rawBackend (path: string): Promise<Backend> {
  const handle = await open(path, 'w+')
  const [writeAt, readAt] = [promisify(write), promisify(read)]
  const places = new Map<VerifiedBlock, number>()
  let end = 0
  return {
    async put (block) {
      const { bytes } = block
      places.set(block, end)
      end += bytes.byteLength
      let written = 0
      while (written < bytes.byteLength) {
        written += (await writeAt(handle.fd, bytes, written, bytes.byteLength - written, end - bytes.byteLength + written)).bytesWritten
      }
    },
    async get (block) {
      const { byteLength } = block.bytes
      return (await readAt(handle.fd, Buffer.allocUnsafeSlow(byteLength), 0, byteLength, places.get(block) ?? 0)).bytesRead
    },
    close: () => handle.close()
  }
}

await compete(async (folder, name) => {
  if (name === 'raw') return { backend: await rawBackend(join(folder, 'raw')), lanes: 1 }
  const store = name === 'memory' ? memoryStore({ quota: Infinity }) : fileStore({ path: folder, quota: Infinity })
  return { backend: await storeBackend(store), lanes: LANES }
})
