import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ShoalOptions } from '@shoal/interface'
import { main } from '../../src/main.js'
import { StubNode } from './stub-node.js'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  /** The lines of `--json`. */
  readonly lines: readonly Record<string, unknown>[]
}

export interface Running {
  readonly done: Promise<Ran>
  stop (): void
  /** Resolves when this many lines are on standard output. */
  lines (count: number): Promise<readonly Record<string, unknown>[]>
}

export interface RunOptions {
  env?: Record<string, string>
  cwd?: string
  createNode?: (options: ShoalOptions) => StubNode | Promise<StubNode>
}

/** Starts a command line in this process, with a stub for a node. */
export function start (argv: readonly string[], { env = {}, cwd = '/work-dir', createNode = options => new StubNode(options) }: RunOptions = {}): Running {
  const stop = new AbortController()
  let out = ''
  let err = ''
  let waiting: (() => void) | undefined
  const parse = (): Record<string, unknown>[] => out.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Record<string, unknown>)
  const stdout = {
    write (text: string, done?: () => void) {
      out += text
      done?.()
      waiting?.()
    }
  }
  const stderr = { write (text: string) { err += text } }
  const done = main({ argv, env, cwd, stdout, stderr, signal: stop.signal, createNode: async options => await createNode(options) })
    .then(code => ({ code, out, err, get lines () { return parse() } }))
  return {
    done,
    stop () { stop.abort() },
    async lines (count) {
      const ended = done.then(() => true)
      while (out.split('\n').length <= count) {
        const over = await Promise.race([ended, new Promise<false>(resolve => { waiting = () => { resolve(false) } })])
        if (over) throw new Error(`ended after: ${out}${err}`)
      }
      return parse()
    }
  }
}

export async function run (argv: readonly string[], options?: RunOptions): Promise<Ran> {
  return await start(argv, options).done
}

export function folder (): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'shoal-test-'))
}
