/**
 * Runs every package's `*.spec.ts` and `*.node.ts`, compiled, in two processes at a time, for many tests wait more than they work:
 * `node test/unit/node.ts [PACKAGE…] [--grep TEXT] [--verbose]`
 */

import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { News, Order } from './lane.ts'
import { Report, packageOf } from './report.ts'
import { root, select } from './specs.ts'

const LANE = fileURLToPath(new URL('lane.ts', import.meta.url))
const LANES = Math.min(2, availableParallelism())

const { files, grep, verbose } = await select(['spec', 'node'])
const report = new Report(verbose)
const waiting = [...files]
const running = new Set<string>()

await Promise.all(Array.from({ length: LANES }, async () => { while (waiting.length > 0) await lane() }))
process.exitCode = report.end() ? 0 : 1

/** Until no file waits, or the process ends of itself: then the file that it had counts as failed. */
async function lane (): Promise<void> {
  const child = fork(LANE, { execArgv: ['--disable-warning=ExperimentalWarning'] })
  let file: string | undefined
  const next = (): void => {
    file = waiting.shift()
    if (file !== undefined) running.add(file)
    child.send(file === undefined ? 'end' : { file, grep } satisfies Order)
  }
  child.on('message', (news: News) => {
    if ('result' in news) report.add(news.result)
    else {
      ended(news.ended)
      next()
    }
  })
  next()
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  if (file === undefined) return
  const stack = `the process ended with ${code} before the file did: what it threw is above`
  report.add({ package: packageOf(file), title: [relative(root, file)], outcome: 'failed', ms: 0, error: { stack } })
  ended(file)
}

function ended (file: string): void {
  running.delete(file)
  const name = packageOf(file)
  if (![...waiting, ...running].some(other => packageOf(other) === name)) report.endPackage(name)
}
