/**
 * Throws wrong input at everything that decodes what strangers send: only the typed error may come of it, within a second, with no more
 * than 64 MiB allocated. Most goes to the manifest's decoders; the others get a quarter as much together.
 *
 *     npm run fuzz                                        ten million inputs to the manifest's decoders
 *     npm run fuzz -- [--count N] [--seconds S] [--seed N]
 *     npm run fuzz -- --seed N --at INDEX                 one input again
 *
 * Exit codes: 0 nothing was found, 1 something was, 2 wrong usage. The last line counts.
 */

import { fork, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Job, News } from './worker.ts'

const COUNT = 10_000_000
/** With no news for this long, an input hangs. */
const SILENCE_MS = 60_000
/** What the corpus and the code take, and 64 MiB for an input. */
const HEAP_MIB = 192
const SHOW_FAULTS = 20

interface Found { readonly done: number, readonly faults: readonly string[] }

function usage (message: string): never {
  console.error(`${message}\nusage: npm run fuzz -- [--count N] [--seconds S] [--seed N] [--at INDEX]`)
  process.exit(2)
}

function whole (name: string, text: string | undefined, otherwise: number): number {
  const number = text === undefined ? otherwise : Number(text)
  if (!Number.isSafeInteger(number) || number < 0) usage(`--${name}: expected a whole number, got ${text}`)
  return number
}

function readArguments (): Job & { readonly seconds: number } {
  try {
    const { values } = parseArgs({
      options: { count: { type: 'string' }, seconds: { type: 'string' }, seed: { type: 'string' }, at: { type: 'string' } }
    })
    const at = values.at === undefined ? undefined : whole('at', values.at, 0)
    return {
      seed: whole('seed', values.seed, Math.floor(Math.random() * 2 ** 31)),
      first: at ?? 0,
      count: at === undefined ? whole('count', values.count, COUNT) : 1,
      seconds: values.seconds === undefined ? Infinity : whole('seconds', values.seconds, 0)
    }
  } catch (error) {
    usage((error as Error).message)
  }
}

function run ({ seconds, ...job }: Job & { readonly seconds: number }): Promise<Found> {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [], {
    execArgv: [`--max-old-space-size=${HEAP_MIB}`, '--disable-warning=ExperimentalWarning']
  })
  const faults: string[] = []
  let done = job.first
  let over = false
  return new Promise(resolve => {
    const end = (): void => {
      over = true
      clearTimeout(timeout)
      clearTimeout(silence)
      child.kill('SIGKILL')
      resolve({ done: done - job.first, faults })
    }
    const hang = (): void => {
      faults.push(`no news for ${SILENCE_MS / 1000} s since input ${done}: one of the next thousand hangs`)
      end()
    }
    let silence = setTimeout(hang, SILENCE_MS)
    const timeout = seconds === Infinity ? undefined : setTimeout(end, seconds * 1000)
    child.on('message', (news: News) => {
      clearTimeout(silence)
      silence = setTimeout(hang, SILENCE_MS)
      if ('fault' in news) {
        faults.push(`${news.target}, input ${news.at}: ${news.fault}\n  again: npm run fuzz -- --seed ${job.seed} --at ${news.at}`)
        if (faults.length >= SHOW_FAULTS) end()
        return
      }
      done = news.at
      if (process.stderr.isTTY) process.stderr.write(`\r${done - job.first} of ${job.count} `)
    })
    child.once('exit', code => {
      if (over) return
      if (code !== 0) faults.push(`it ended with ${code} at one of the thousand inputs after ${done}: too much memory, or a fault of its own`)
      end()
    })
    child.send(job)
  })
}

const job = readArguments()
const root = fileURLToPath(new URL('../..', import.meta.url))
const built = spawnSync(process.execPath, ['node_modules/typescript-native/bin/tsc', '-b', 'packages/shoal'], { cwd: root, stdio: ['ignore', 2, 2] })
if (built.status !== 0) throw new Error('the packages could not be built')
const start = performance.now()
const { done, faults } = await run(job)
for (const fault of faults) console.log(`FAILED ${fault}`)
console.log(`seed ${job.seed}: ${done} inputs to the manifest's decoders and ${Math.floor(done / 4)} to the others, ` +
  `${Math.round((performance.now() - start) / 1000)} s`)
console.log(`${faults.length === 0 ? 1 : 0} passed, ${faults.length} failed`)
process.exitCode = faults.length === 0 ? 0 : 1
