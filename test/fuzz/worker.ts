/**
 * Feeds one input after the other, and tells its parent of each thousand and of what went wrong. Its heap is small, so that what takes too
 * much ends it.
 */

import { seededRandom, type Random } from '@shoal/base'
import { forgetResident, peakResident, takenForGood, takenNow, type Peaks } from './memory.ts'
import { targets, type Weighed } from './targets.ts'
import type { Target } from './target.ts'

/** What one input may take; and by how much memory may grow over a slice, with all that was not cleaned up yet. */
const MEMORY_BYTES = 64 * 1024 * 1024
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
  /** The name of the one target that gets them all. */
  readonly only?: string | undefined
}

export type News =
  | { readonly at: number }
  /** Of an input to `target`, or of a slice that began at `at`. */
  | { readonly at: number, readonly target: string | undefined, readonly fault: string }
  /** The slice is over. */
  | { readonly at: number, readonly before: Peaks, readonly peaks: Peaks }

/** Bytes, the most after any input. */
let peakTaken = 0
let stopped = false

/** An input has random numbers of its own, so that any can be made again alone. */
function randomOf (seed: number, at: number): Random {
  const random = seededRandom(seed ^ Math.imul(at, 0x9e37_79b1))
  random()
  return random
}

/** What is wrong with how an input was taken; `undefined` when nothing is. */
async function check (target: Target, random: () => Random): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    const feed = await target.make(random())
    const before = takenNow()
    const start = performance.now()
    try {
      await feed()
    } catch (error) {
      if (!(error instanceof target.error)) return `expected a ${target.error.name}, got ${error instanceof Error ? error.stack ?? error.message : String(error)}`
    }
    const ms = performance.now() - start
    const after = takenNow()
    peakTaken = Math.max(peakTaken, after)
    if (after - before > MEMORY_BYTES) return `it took ${after - before} bytes`
    if (ms <= INPUT_MS) return undefined
    // the machine may have been busy
    if (tries === TRIES) return `it took ${Math.round(ms)} ms, ${TRIES} times`
  }
}

function choose (from: readonly Weighed[], random: Random): Target {
  let left = random()
  for (const { target, weight } of from) if ((left -= weight) < 0) return target
  return (from[0] as Weighed).target
}

async function work ({ seed, first, count, only }: Job): Promise<void> {
  // nearly every input ends in an error, whose stack takes longer than the decoder
  if (count > 1) Error.stackTraceLimit = 0
  const { manifest, others } = await targets()
  const alone = only === undefined ? undefined : [...manifest.map(({ target }) => target), ...others].find(({ name }) => name === only)
  const tell = (news: News): void => { process.send?.(news) }
  const before = { heap: takenForGood(), resident: process.memoryUsage.rss() }
  forgetResident()
  let at = first
  for (; at < first + count && !stopped; at++) {
    const mine = alone ?? choose(manifest, randomOf(seed, ~at))
    const other = alone === undefined && at % OTHERS_EVERY === 0 ? others[at / OTHERS_EVERY % others.length] : undefined
    for (const target of other === undefined ? [mine] : [mine, other]) {
      const fault = await check(target, () => randomOf(seed, at))
      if (fault !== undefined) tell({ at, target: target.name, fault })
    }
    if ((at + 1) % REPORT_EVERY === 0) {
      tell({ at: at + 1 })
      // what waits to be cleaned up has its turn, and so has the parent's word
      await new Promise(resolve => { setImmediate(resolve) })
    }
  }
  const peaks = { heap: peakTaken, resident: peakResident() }
  for (const what of ['heap', 'resident'] as const) {
    const more = peaks[what] - before[what]
    if (more > MEMORY_BYTES) tell({ at: first, target: undefined, fault: `memory (${what}) grew by ${more} bytes over ${at - first} inputs` })
  }
  tell({ at, before, peaks })
  process.disconnect()
}

process.on('message', (message: Job | 'stop') => {
  if (message === 'stop') stopped = true
  else void work(message)
})
// not without whoever started it
process.on('disconnect', () => { process.exit() })
