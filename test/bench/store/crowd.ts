/** A store with very many small blocks: how long it takes to open, and how long the event loop waits while they make room. */

import { hashBlock } from '@shoal/content'
import type { BlockStore } from '@shoal/interface'
import { inLanes, watchLoop } from './contest.ts'

const PAGE_BYTES = 4096
const LANES = 100

export interface Crowded {
  readonly open_s: number
  readonly gc_pause_ms: number
}

/**
 * @param make a store on the same medium each time
 * @param busy as `watchLoop` takes it
 */
export async function crowd (make: (quota: number) => BlockStore, count: number, busy?: () => number): Promise<Crowded> {
  const numbers = Array.from({ length: count }, (_, i) => i)
  const quota = count * PAGE_BYTES
  const putAll = async (store: BlockStore, from: number): Promise<void> => {
    await inLanes(numbers, LANES, async i => { await store.put(await hashBlock(new Uint8Array(new Uint32Array([from, i]).buffer))) })
  }
  const first = make(quota)
  await first.open()
  await putAll(first, 0)
  await first.close()

  const store = make(quota)
  const start = performance.now()
  await store.open()
  const open_s = (performance.now() - start) / 1000
  if (store.used !== quota) throw new Error(`expected ${count} blocks, got ${store.used / PAGE_BYTES}`)

  const endWatch = watchLoop(busy)
  await putAll(store, 1)
  await store.collect({ keep: 0 })
  const gc_pause_ms = endWatch()
  if (store.used !== 0) throw new Error(`expected nothing to be left, got ${store.used} bytes`)
  await store.close()
  return { open_s, gc_pause_ms }
}
