/** A contender in Node.js: a process of its own, that is told what to do by its arguments and answers with one message. */

import { fork } from 'node:child_process'
import { contest, makeBlocks, type Backend, type Took } from './contest.ts'
import type { Crowded } from './crowd.ts'

/** The inner side. */
export async function compete (open: (folder: string, name: string) => Promise<{ backend: Backend, lanes: number }>): Promise<void> {
  const [name = '', folder = '', mib = ''] = process.argv.slice(2)
  const blocks = await makeBlocks(Number(mib))
  const { backend, lanes } = await open(folder, name)
  answer(await contest(backend, blocks, lanes, threadCpu))
}

/** CPU time of this thread so far, ms. */
export function threadCpu (): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

export function answer (found: Took | Crowded): void {
  process.send?.(found, undefined, undefined, () => { process.exit() })
}

/** The outer side. */
export async function run<T extends Took | Crowded> (script: string, profile: string | undefined, ...args: readonly string[]): Promise<T> {
  const flags = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profile}`]
  const child = fork(script, args, { execArgv: ['--disable-warning=ExperimentalWarning', ...flags], stdio: ['ignore', 2, 2, 'ipc'] })
  return await new Promise((resolve, reject) => {
    let found: T | undefined
    child.once('message', message => { found = message as T })
    child.once('error', reject)
    child.once('close', code => {
      if (found === undefined) reject(new Error(`${args[0]} ended with ${code} and said nothing`))
      else resolve(found)
    })
  })
}
