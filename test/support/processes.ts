/** `shoal` processes for end-to-end tests and benches: started, spoken to by their JSON lines, watched for memory, and ended by id. */

import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../packages/cli/bin/shoal.js', import.meta.url))

export type JsonLine = Record<string, unknown>

/** One `shoal` command at work. */
export class ShoalProcess {
  readonly lines: JsonLine[] = []
  stderr = ''
  /** Highest resident set seen, bytes. */
  peakRss = 0
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  readonly #command: string
  #waiting: (() => void)[] = []
  #done = false

  constructor (args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#command = `shoal ${args.join(' ')}`
    this.#child = spawn(process.execPath, [BIN, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    live.add(this)
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.stderr = (this.stderr + chunk.toString()).slice(-20_000) })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', line => {
      this.lines.push(JSON.parse(line) as JsonLine)
      this.#wake()
    })
    const watch = setInterval(() => { this.#measure() }, 100)
    this.exited = new Promise(resolve => {
      this.#child.once('close', code => {
        clearInterval(watch)
        live.delete(this)
        this.#done = true
        this.#wake()
        resolve(code)
      })
    })
  }

  /** The first line that satisfies `test`, come or still to come. Throws when the process ends without it. */
  async line (test: (line: JsonLine) => boolean, what: string): Promise<JsonLine> {
    for (;;) {
      const found = this.lines.find(test)
      if (found !== undefined) return found
      if (this.#done) throw new Error(`${this.#command} ended without ${what}\n${this.stderr}`)
      await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    }
  }

  /** Waits for success. */
  async success (): Promise<void> {
    const code = await this.exited
    if (code !== 0) throw new Error(`${this.#command} exited with ${code}\n${JSON.stringify(this.lines.at(-1))}\n${this.stderr}`)
  }

  async kill (signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' = 'SIGKILL'): Promise<number | null> {
    this.#measure()
    this.#child.kill(signal)
    return await this.exited
  }

  #measure (): void {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
      this.peakRss = Math.max(this.peakRss, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024)
    } catch {
      // ended, or a system without /proc
    }
  }

  #wake (): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

const live = new Set<ShoalProcess>()

export function shoal (...args: readonly string[]): ShoalProcess {
  return new ShoalProcess(args)
}

/** Ends what is still running, for the end of a test that failed. */
export async function endAll (): Promise<void> {
  await Promise.all([...live].map(process => process.kill('SIGKILL')))
}
