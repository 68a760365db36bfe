/** What every store goes through, in Node.js and in a page alike: blocks are put, then got, many at the same time. */

import { hashBlock } from '@shoal/content'
import type { VerifiedBlock } from '@shoal/interface'

/** A store, or what is measured beside one. */
export interface Backend {
  put (block: VerifiedBlock): Promise<unknown>
  /** Resolves with how many bytes came. */
  get (block: VerifiedBlock): Promise<number>
  close (): Promise<unknown>
}

export interface Took {
  readonly put_mbps: number
  readonly puts_per_s: number
  readonly get_mbps: number
  readonly gets_per_s: number
  /** Longest time that the event loop had to wait, ms. */
  readonly pause_ms: number
}

const BLOCK_BYTES = 256 * 1024
/** The web's generator gives no more at once. */
const RANDOM_BYTES = 65_536
const TICK_MS = 1

export async function makeBlocks (mib: number): Promise<VerifiedBlock[]> {
  const blocks: VerifiedBlock[] = []
  for (let i = 0; i < mib * 4; i++) {
    const bytes = new Uint8Array(BLOCK_BYTES)
    for (let at = 0; at < BLOCK_BYTES; at += RANDOM_BYTES) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES))
    blocks.push(await hashBlock(bytes))
  }
  return blocks
}

/** Does `work` with every item, `lanes` at the same time. Resolves with the seconds that it took. */
export async function inLanes<T> (items: readonly T[], lanes: number, work: (item: T) => Promise<unknown>): Promise<number> {
  let next = 0
  const start = performance.now()
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (next < items.length) await work(items[next++] as T)
  }))
  return (performance.now() - start) / 1000
}

/**
 * Watches how long the event loop has to wait. Returns what ends it and gives the longest time, ms.
 *
 * @param busy CPU time of the loop's thread so far, ms: how late it is beyond that is the machine's doing
 */
export function watchLoop (busy = (): number => Infinity): () => number {
  let longest = 0
  let [last, lastBusy] = [performance.now(), busy()]
  const look = (): void => {
    const [now, nowBusy] = [performance.now(), busy()]
    const late = now - last - TICK_MS
    longest = Math.max(longest, nowBusy === Infinity ? late : Math.min(late, nowBusy - lastBusy))
    last = now
    lastBusy = nowBusy
  }
  const timer = setInterval(look, TICK_MS)
  return () => {
    clearInterval(timer)
    look()
    return longest
  }
}

export async function contest (
  backend: Backend, blocks: readonly VerifiedBlock[], lanes: number, busy?: () => number
): Promise<Took> {
  const bytes = blocks.length * BLOCK_BYTES
  const endWatch = watchLoop(busy)
  const put = await inLanes(blocks, lanes, block => backend.put(block))
  let got = 0
  const get = await inLanes(blocks, lanes, async block => {
    const bytes = await backend.get(block)
    got += bytes
  })
  const pause = endWatch()
  await backend.close()
  if (got !== bytes) throw new Error(`expected ${bytes} bytes back, got ${got}`)
  return {
    put_mbps: bytes / put / 1e6,
    puts_per_s: blocks.length / put,
    get_mbps: bytes / get / 1e6,
    gets_per_s: blocks.length / get,
    pause_ms: pause
  }
}
