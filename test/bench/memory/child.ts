import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { HEAP_OPTIONS } from '../support/heap.ts'
import type { Answer, Commands, Question } from './commands.ts'

const SCRIPT = fileURLToPath(new URL('node.ts', import.meta.url))

/** A process of `node.ts`. It ends with this one at the latest. */
export class Child {
  readonly #process: ChildProcess
  readonly #title: string
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #nextId = 1
  #stderr = ''

  constructor (title: string) {
    this.#title = title
    this.#process = fork(SCRIPT, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning', ...HEAP_OPTIONS] })
    this.#process.stderr?.on('data', (chunk: Buffer) => { this.#stderr = (this.#stderr + chunk.toString()).slice(-10_000) })
    this.#process.on('message', ({ id, value, error }: Answer) => {
      const asked = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) asked?.resolve(value)
      else asked?.reject(new Error(`${title}: ${error}`))
    })
    this.#process.once('close', code => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${title} ended with ${code}\n${this.#stderr}`))
    })
  }

  /** @param ms it takes no longer */
  async ask <K extends keyof Commands> (
    ms: number, command: K, ...args: Parameters<Commands[K]>
  ): Promise<Awaited<ReturnType<Commands[K]>>> {
    const asked = Promise.withResolvers<unknown>()
    const id = this.#nextId++
    this.#waiting.set(id, asked)
    const timer = setTimeout(() => { asked.reject(new Error(`${this.#title} took over ${ms / 1000} s to ${command}\n${this.#stderr}`)) }, ms)
    try {
      this.#process.send({ id, command, args } satisfies Question)
      return await asked.promise as Awaited<ReturnType<Commands[K]>>
    } finally {
      clearTimeout(timer)
    }
  }

  async end (): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const closed = new Promise(resolve => { this.#process.once('close', resolve) })
    this.#process.kill('SIGKILL')
    await closed
  }
}
