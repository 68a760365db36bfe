/** A store on disk with very many small blocks: how long it takes to open, and how long the event loop waits while they make room. */

import { hashBlock } from '@shoal/content'
import { fileStore } from '@shoal/store/node'
import { answer, threadCpu } from './child.ts'
import { inLanes, watchLoop } from './contest.ts'

const PAGE_BYTES = 4096
const LANES = 100

const [, folder = '', count = ''] = process.argv.slice(2)
const numbers = Array.from({ length: Number(count) }, (_, i) => i)
const init = { path: folder, quota: numbers.length * PAGE_BYTES }

async function putAll (store: ReturnType<typeof fileStore>, from: number): Promise<void> {
  await inLanes(numbers, LANES, async i => { await store.put(await hashBlock(new Uint8Array(new Uint32Array([from, i]).buffer))) })
}

const first = fileStore(init)
await first.open()
await putAll(first, 0)
await first.close()

const store = fileStore(init)
const start = performance.now()
await store.open()
const open_s = (performance.now() - start) / 1000
if (store.used !== init.quota) throw new Error(`expected ${numbers.length} blocks, got ${store.used / PAGE_BYTES}`)

const endWatch = watchLoop(threadCpu)
await putAll(store, 1)
await store.collect({ keep: 0 })
const gc_pause_ms = endWatch()
if (store.used !== 0) throw new Error(`expected nothing to be left, got ${store.used} bytes`)
answer({ open_s, gc_pause_ms })
await store.close()
