/**
 * A process to be killed: writes random blocks to the store in the folder that it is told as fast as it can, and prints the digest of each
 * that it was told is held.
 */
import { fileStore } from '../src/node.js'
import { systemRandom, toHex } from '@shoal/base'
import { block } from './blocks.js'

const store = fileStore({ path: process.argv[2] as string, quota: 4 * 1024 * 1024 })
await store.open()
await Promise.all(Array.from({ length: 8 }, async () => {
  for (;;) {
    const each = await block(Math.floor(systemRandom() * 0x1_0000_0000), 65_536)
    await store.put(each)
    process.stdout.write(`${toHex(each.digest)}\n`)
  }
}))
