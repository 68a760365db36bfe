/**
 * Hashing and publishing a file by reference, beside node:crypto that reads and hashes the same file. Each run is a process of its own, and
 * both run in every round, in an order that turns around each time. The file has been read once before the first.
 */

import { fork } from 'node:child_process'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

const GIB = 1024 ** 3

/** As a file of a media type a file is cut every 256 KiB, as any other where its bytes say. */
const CUTS = { content: 'file.img', fixed: 'file.mp4' }

const TARGETS: readonly Target[] = [{ key: 'ratio_node_sha256', op: '>=', want: 0.7 }]

interface Took { readonly bytes: number, readonly seconds: number, readonly cpu: number }

const help = `usage: npm run -s bench -- publish [options]

  --gib N   size of the file (default 2)
  --runs N  rounds (default 5)
  --json    one JSON object as the last line of standard output, all else on standard error

Measured, medians of the rounds: *_mbps in 10⁶ bytes per second, *_cpu_s processor seconds of the process. ratio_node_sha256 is the median
over the rounds of the rate of publishing with content-defined leaves, the default for such a file, over that of node:crypto;
fixed_ratio_node_sha256 is the same with leaves of 256 KiB.`

function run (script: string, ...args: readonly string[]): Promise<Took> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), args, { execArgv: ['--disable-warning=ExperimentalWarning'] })
  return new Promise((resolve, reject) => {
    let took: Took | undefined
    child.once('message', message => { took = message as Took })
    child.once('error', reject)
    child.once('exit', code => {
      if (took === undefined) reject(new Error(`${script} ended with ${code} and said nothing`))
      else resolve(took)
    })
  })
}

export const publish: Bench = {
  name: 'publish',
  summary: 'hashing and publishing a file by reference beside node:crypto',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      gib: { type: 'string', default: '2' },
      runs: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false }
    })
    const [gib, rounds] = [positive('gib', options.gib), positive('runs', options.runs)]
    build()
    const folder = await temporaryFolder()
    const { file: made, bytes } = await randomFile(join(folder, CUTS.fixed), gib * GIB)
    let file = made
    const runs: Record<string, number[]> = {}
    const note = (key: string, value: number): void => { (runs[key] ??= []).push(value) }

    const contenders: readonly (readonly [name: string, run: () => Promise<Took>])[] = [
      ['node', () => run('publish/node.ts', file)],
      ...Object.entries(CUTS).map(([cut, name]): readonly [string, () => Promise<Took>] => [cut, async () => {
        await rename(file, file = join(folder, name))
        return await run('publish/shoal.ts', file, await temporaryFolder())
      }])
    ]
    await run('publish/node.ts', file)
    for (let round = 0; round < rounds; round++) {
      const rates: Record<string, number> = {}
      for (const [name, measure] of round % 2 === 0 ? contenders : contenders.toReversed()) {
        const took = await measure()
        if (took.bytes !== bytes) throw new Error(`${name} took ${took.bytes} bytes for a file of ${bytes}`)
        rates[name] = bytes / 1e6 / took.seconds
        note(`${name}_mbps`, rates[name])
        note(`${name}_cpu_s`, took.cpu)
        progress(`round ${round + 1} of ${rounds}: ${name} ${Math.round(rates[name])} MB/s`)
      }
      const { node = NaN, content = NaN, fixed = NaN } = rates
      note('ratio_node_sha256', content / node)
      note('fixed_ratio_node_sha256', fixed / node)
    }
    const measured = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, median(values)]))
    print({ bench: 'publish', env: { ...machine(), gib, rounds }, measured, runs, targets: TARGETS }, options.json)
  }
}
