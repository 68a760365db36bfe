/**
 * Feeds one input after the other, and tells its parent of each thousand and of what went wrong. Its heap is small, so that what takes too
 * much ends it.
 */

import { takeAllocated } from './watch.ts'
import { seededRandom, type Random } from '@shoal/base'
import { targets, type Target } from './targets.ts'

/** What one input may take. */
const ALLOCATION_BYTES = 64 * 1024 * 1024
const INPUT_MS = 1000
const TRIES = 3
/** After so many inputs to the manifest's decoders one goes to another. */
const OTHERS_EVERY = 4
const REPORT_EVERY = 1000

export interface Job {
  readonly seed: number
  /** Inputs from this one on, as many. */
  readonly first: number
  readonly count: number
}

export type News = { readonly at: number } | { readonly at: number, readonly target: string, readonly fault: string }

/** An input has random numbers of its own, so that any can be made again alone. */
function randomOf (seed: number, at: number): Random {
  const random = seededRandom(seed ^ Math.imul(at, 0x9e37_79b1))
  random()
  return random
}

/** What is wrong with how an input was taken; `undefined` when nothing is. */
async function check (target: Target, random: () => Random): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    const feed = target.make(random())
    takeAllocated()
    const start = performance.now()
    try {
      await feed()
    } catch (error) {
      if (!(error instanceof target.error)) return `expected a ${target.error.name}, got ${error instanceof Error ? error.stack ?? error.message : String(error)}`
    }
    const ms = performance.now() - start
    const bytes = takeAllocated()
    if (bytes > ALLOCATION_BYTES) return `it allocated ${bytes} bytes`
    if (ms <= INPUT_MS) return undefined
    // the machine may have been busy
    if (tries === TRIES) return `it took ${Math.round(ms)} ms, ${TRIES} times`
  }
}

async function work ({ seed, first, count }: Job): Promise<void> {
  // nearly every input ends in an error, whose stack takes longer than the decoder
  if (count > 1) Error.stackTraceLimit = 0
  const { manifest, others } = await targets()
  const tell = (news: News): void => { process.send?.(news) }
  for (let at = first; at < first + count; at++) {
    const weighed = Math.floor(randomOf(seed, ~at)() * 10)
    const mine = manifest[weighed < 5 ? 0 : weighed < 9 ? 1 : 2] as Target
    const other = at % OTHERS_EVERY === 0 ? others[at / OTHERS_EVERY % others.length] : undefined
    for (const target of other === undefined ? [mine] : [mine, other]) {
      const fault = await check(target, () => randomOf(seed, at))
      if (fault !== undefined) tell({ at, target: target.name, fault })
    }
    if ((at + 1) % REPORT_EVERY === 0) {
      tell({ at: at + 1 })
      // what waits to be cleaned up has its turn
      await new Promise(resolve => { setImmediate(resolve) })
    }
  }
  tell({ at: first + count })
  process.disconnect()
}

process.on('message', (job: Job) => { void work(job) })
// not without whoever started it
process.on('disconnect', () => { process.exit() })
