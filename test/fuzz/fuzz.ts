/**
 * Throws wrong input at everything that decodes what strangers send: only the typed error may come of it, within a second, in no more than
 * 64 MiB of memory. Most goes to the decoders of manifests, live ones included; the others get a quarter as much together.
 *
 *     npm run fuzz                                        ten million inputs to the decoders of manifests
 *     npm run fuzz -- [--count N] [--slice N] [--seconds S] [--seed N]
 *     npm run fuzz -- --only TARGET                       all of them to one decoder
 *     npm run fuzz -- --seed N --at INDEX                 one input again
 *
 * Each slice of the inputs has a process of its own, whose memory is measured from its first input to its last: what V8 holds, in the heap
 * and outside of it, after each input; and the most that the system ever saw. Neither may grow by more than 64 MiB, garbage included.
 *
 * Exit codes: 0 nothing was found, 1 something was, 2 wrong usage. The last line counts.
 */

import { fork, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Peaks } from './memory.ts'
import type { Job, News } from './worker.ts'

const COUNT = 10_000_000
const SLICE = 250_000
/** With no news for this long, an input hangs. */
const SILENCE_MS = 60_000
/** What the corpus and the code take, and 64 MiB for an input. */
const HEAP_MIB = 192
/** Little room for garbage, so that memory shows what is in use. */
const YOUNG_MIB = 4
const SHOW_FAULTS = 20
const MIB = 2 ** 20

interface Options extends Job {
  readonly slice: number
  readonly seconds: number
}

interface Slice {
  readonly done: number
  readonly faults: readonly string[]
  /** By how much memory grew; `undefined` when its process did not live to say it. */
  readonly grown: Peaks | undefined
}

function usage (message: string): never {
  console.error(`${message}\nusage: npm run fuzz -- [--count N] [--slice N] [--seconds S] [--seed N] [--only TARGET] [--at INDEX]`)
  process.exit(2)
}

function whole (name: string, text: string | undefined, otherwise: number, least = 0): number {
  const number = text === undefined ? otherwise : Number(text)
  if (text !== undefined && (!Number.isSafeInteger(number) || number < least)) usage(`--${name}: expected a whole number from ${least}, got ${text}`)
  return number
}

function readArguments (): Options {
  try {
    const text = { type: 'string' } as const
    const { values } = parseArgs({ options: { count: text, slice: text, seconds: text, seed: text, only: text, at: text } })
    const at = values.at === undefined ? undefined : whole('at', values.at, 0)
    return {
      seed: whole('seed', values.seed, Math.floor(Math.random() * 2 ** 31)),
      first: at ?? 0,
      count: at === undefined ? whole('count', values.count, COUNT) : 1,
      only: values.only,
      slice: whole('slice', values.slice, SLICE, 1),
      seconds: whole('seconds', values.seconds, Infinity)
    }
  } catch (error) {
    usage((error as Error).message)
  }
}

function again ({ seed, only }: Job): string {
  return `--seed ${seed}${only === undefined ? '' : ` --only '${only}'`}`
}

/** @param until time by `performance.now` at which it is told to end, whatever was done by then */
function run (job: Job, until: number, progress: (done: number) => void): Promise<Slice> {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [], {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`, `--max-semi-space-size=${YOUNG_MIB}`, '--expose-gc', '--disable-warning=ExperimentalWarning']
  })
  const faults: string[] = []
  let done = job.first
  let grown: Peaks | undefined
  let over = false
  return new Promise(resolve => {
    const end = (): void => {
      over = true
      clearTimeout(timeout)
      clearTimeout(silence)
      child.kill('SIGKILL')
      resolve({ done: done - job.first, faults, grown })
    }
    const hang = (): void => {
      faults.push(`no news for ${SILENCE_MS / 1000} s since input ${done}: one of the next thousand hangs`)
      end()
    }
    let silence = setTimeout(hang, SILENCE_MS)
    const timeout = until === Infinity ? undefined : setTimeout(() => { child.send('stop') }, Math.max(0, until - performance.now()))
    child.on('message', (news: News) => {
      clearTimeout(silence)
      silence = setTimeout(hang, SILENCE_MS)
      if ('fault' in news) {
        faults.push(news.target === undefined
          ? `slice of ${job.count} from input ${news.at}: ${news.fault}`
          : `${news.target}, input ${news.at}: ${news.fault}\n  again: npm run fuzz -- ${again(job)} --at ${news.at}`)
        if (faults.length >= SHOW_FAULTS) end()
        return
      }
      done = news.at
      progress(done)
      if (!('peaks' in news)) return
      const { peaks, before } = news
      grown = { heap: peaks.heap - before.heap, resident: peaks.resident - before.resident }
    })
    child.once('exit', code => {
      if (over) return
      if (code !== 0) faults.push(`it ended with ${code} at one of the thousand inputs after ${done}: too much memory, or a fault of its own`)
      end()
    })
    child.send(job)
  })
}

const { seed, first, count, slice, seconds, only } = readArguments()
const root = fileURLToPath(new URL('../..', import.meta.url))
const built = spawnSync(process.execPath, ['node_modules/typescript-native/bin/tsc', '-b', 'packages/shoal'], { cwd: root, stdio: ['ignore', 2, 2] })
if (built.status !== 0) throw new Error('the packages could not be built')
if (only !== undefined) {
  const { targets } = await import('./targets.ts')
  const { manifest, others } = await targets()
  const names = [...manifest.map(({ target }) => target), ...others].map(({ name }) => name)
  if (!names.includes(only)) usage(`--only: expected one of ${names.join(', ')}, got ${only}`)
}
const start = performance.now()
const until = start + seconds * 1000
const faults: string[] = []
const most = { heap: 0, resident: 0 }
let done = 0
let slices = 0
for (let at = first; at < first + count && performance.now() < until && faults.length < SHOW_FAULTS; at += slice) {
  const job = { seed, only, first: at, count: Math.min(slice, first + count - at) }
  const found = await run(job, until, now => { if (process.stderr.isTTY) process.stderr.write(`\r${now - first} of ${count} `) })
  done += found.done
  faults.push(...found.faults)
  if (found.grown === undefined) continue
  slices++
  most.heap = Math.max(most.heap, found.grown.heap)
  most.resident = Math.max(most.resident, found.grown.resident)
}
for (const fault of faults) console.log(`FAILED ${fault}`)
const took = (performance.now() - start) / 1000
console.log(`seed ${seed}: ${done} inputs to ${only ?? `the decoders of manifests and ${Math.floor(done / 4)} to the others`}, ` +
  `${Math.round(took)} s, ${Math.round(done / took)} a second`)
if (slices > 0) {
  console.log(`memory grew in none of ${slices} slices by more than ${(most.heap / MIB).toFixed(1)} MiB as V8 counts it, ` +
    `${(most.resident / MIB).toFixed(1)} MiB as the system does`)
}
console.log(`${faults.length === 0 ? 1 : 0} passed, ${faults.length} failed`)
process.exitCode = faults.length === 0 ? 0 : 1
