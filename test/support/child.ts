/** Child processes that are asked by messages: the outer side, and the inner one. */

import { fork, type ChildProcess } from 'node:child_process'
import { basename } from 'node:path'
import type { Space } from './namespaces.ts'

interface Question<Ask> { readonly id: number, readonly ask: Ask }
interface Answer<Told> { readonly id: number, readonly told?: Told, readonly error?: string }

/** A process at work, and the only one who ends it. */
export class Child<Ask, Told> {
  readonly #child: ChildProcess
  readonly #title: string
  readonly #waiting = new Map<number, PromiseWithResolvers<Told | undefined>>()
  readonly #closed = Promise.withResolvers<void>()
  #asked = 0
  #ended: Error | undefined
  #stderr = ''

  private constructor (script: string, space: Space | undefined) {
    this.#title = basename(script)
    const flags = ['--disable-warning=ExperimentalWarning']
    const [execPath, ...execArgv] = space?.command(process.execPath, ...flags) ?? [process.execPath, ...flags]
    this.#child = fork(script, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execPath, execArgv })
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.#stderr = (this.#stderr + chunk.toString()).slice(-10_000) })
    this.#child.on('message', message => {
      const { id, told, error } = message as Answer<Told>
      if (error === undefined) this.#waiting.get(id)?.resolve(told)
      else this.#waiting.get(id)?.reject(new Error(error))
      this.#waiting.delete(id)
    })
    this.#child.once('close', (code, signal) => {
      this.#ended = new Error(`${this.#title} ended with ${code ?? signal}\n${this.#stderr}`)
      for (const { reject } of this.#waiting.values()) reject(this.#ended)
      this.#waiting.clear()
      this.#closed.resolve()
    })
  }

  /**
   * Resolves when its modules are loaded.
   *
   * @param space where it runs, if not here
   */
  static async start<Ask, Told> (script: string, space?: Space): Promise<Child<Ask, Told>> {
    const child = new Child<Ask, Told>(script, space)
    const ready = Promise.withResolvers<Told | undefined>()
    child.#waiting.set(0, ready)
    await ready.promise
    return child
  }

  async ask (ask: Ask): Promise<Told> {
    if (this.#ended !== undefined) throw this.#ended
    const id = ++this.#asked
    const waiting = Promise.withResolvers<Told | undefined>()
    this.#waiting.set(id, waiting)
    // of one that cannot be told any more the end is heard soon
    this.#child.send({ id, ask } satisfies Question<Ask>, () => {})
    return await waiting.promise as Told
  }

  get pid (): number | undefined {
    return this.#child.pid
  }

  /** At once, and without a word to anybody. */
  async kill (): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed.promise
  }
}

/** What a child process does when it is asked; it ends with its parent. */
export function answer<Ask, Told> (to: (ask: Ask) => Promise<Told>): void {
  process.on('message', ({ id, ask }: Question<Ask>) => {
    to(ask).then(
      told => { process.send?.({ id, told } satisfies Answer<Told>) },
      (error: unknown) => { process.send?.({ id, error: String(error instanceof Error ? error.stack : error) } satisfies Answer<Told>) }
    )
  })
  process.on('disconnect', () => { process.exit() })
  // a parent that is interrupted ends its children itself
  process.on('SIGINT', () => {})
  process.send?.({ id: 0 } satisfies Answer<Told>)
}
