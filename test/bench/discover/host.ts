import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Ask, Told } from './nodes.ts'

const NODES = fileURLToPath(new URL('nodes.ts', import.meta.url))

/** A process with some nodes. */
export class Host {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<Told>>()
  #asked = 0
  #stderr = ''

  private constructor () {
    this.#child = fork(NODES, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] })
    this.#waiting.set(0, Promise.withResolvers())
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.#stderr = (this.#stderr + chunk.toString()).slice(-10_000) })
    this.#child.on('message', ({ id, told }: { id: number, told: Told }) => {
      const { error } = told
      if (error === undefined) this.#waiting.get(id)?.resolve(told)
      else this.#waiting.get(id)?.reject(new Error(error))
      this.#waiting.delete(id)
    })
    this.#child.once('close', code => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`a process ended with ${code}\n${this.#stderr}`))
    })
  }

  /** Resolves when its modules are loaded. */
  static async start (): Promise<Host> {
    const host = new Host()
    await host.#waiting.get(0)?.promise
    return host
  }

  async ask (ask: Ask): Promise<Told> {
    const id = ++this.#asked
    const waiting = Promise.withResolvers<Told>()
    this.#waiting.set(id, waiting)
    this.#child.send({ id, ask })
    return await waiting.promise
  }

  end (): void {
    this.#child.kill('SIGKILL')
  }
}
