/** A process to be killed: many writers on one store, that put, delete, read and pin blocks of all sizes as fast as they can. */

import { systemRandom } from '@shoal/base'
import { hashBlock } from '@shoal/content'
import { StoreFullError, type BlockRef } from '@shoal/interface'
import { fileStore } from '@shoal/store/node'

const WRITERS = 64
const SIZES = [1, 100, 4096, 10_000, 65_536, 200_000, 262_144]
/** Of these blocks each writer remembers the last ones, to do something with them. */
const REMEMBERED = 8

const [folder = '', quota = ''] = process.argv.slice(2)
const store = fileStore({ path: folder, quota: Number(quota) })
const below = (end: number): number => Math.floor(systemRandom() * end)

await store.open()
process.send?.('open')
await Promise.all(Array.from({ length: WRITERS }, async () => {
  const known: BlockRef[] = []
  for (;;) {
    const bytes = new Uint8Array(SIZES[below(SIZES.length)] as number)
    // never the same, and made at next to no cost: what counts is how much is being written
    crypto.getRandomValues(bytes.subarray(0, 16))
    crypto.getRandomValues(bytes.subarray(-16))
    const block = await hashBlock(bytes)
    try {
      await store.put(block, { ttl: systemRandom() < 0.1 ? 1 : undefined })
      known.push(block)
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw error
    }
    const some = known[below(known.length)]
    if (known.length > REMEMBERED) known.shift()
    if (some === undefined) continue
    const chance = systemRandom()
    if (chance < 0.2) await store.delete(some.digest)
    else if (chance < 0.5) await store.get(some)
    else if (chance < 0.6) store.pin(some.digest)
    else if (chance < 0.8) store.unpin(some.digest)
    else if (chance < 0.81) await store.collect({ keep: Number(quota) / 2 })
  }
}))
