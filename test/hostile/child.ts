/** A process of the test that is spoken to by calls: what one node of the scene does, apart from all others. */

import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a child can be asked to do; arguments and results travel as JSON. */
export type Calls = Readonly<Record<string, (argument: never) => Promise<unknown>>>

interface Call { readonly id: number, readonly name: string, readonly argument: unknown }
interface Answer { readonly id: number, readonly result?: unknown, readonly error?: string }

const live = new Set<ChildProcess>()

export class Child<T extends Calls> {
  readonly pid: number
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void, reject: (error: Error) => void }>()
  #calls = 0

  /** @param script beside this file; it calls `answer` */
  constructor (script: string) {
    this.#process = fork(fileURLToPath(new URL(script, import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.pid = this.#process.pid as number
    live.add(this.#process)
    this.#process.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error))
    })
    this.#process.once('exit', code => {
      live.delete(this.#process)
      for (const { reject } of this.#waiting.values()) reject(new Error(`${script} ended with ${code}`))
      this.#waiting.clear()
    })
  }

  async call<K extends keyof T & string> (name: K, ...[argument]: Parameters<T[K]>): Promise<Awaited<ReturnType<T[K]>>> {
    const id = this.#calls++
    return await new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#process.send({ id, name, argument } satisfies Call, error => { if (error !== null) reject(error) })
    }) as Awaited<ReturnType<T[K]>>
  }
}

/** In a child: answers calls until the parent is gone. */
export function answer (calls: Calls): void {
  process.on('message', ({ id, name, argument }: Call) => {
    const done = (answered: Answer): void => { process.send?.(answered) }
    const call = calls[name] as (argument: unknown) => Promise<unknown>
    call(argument).then(result => { done({ id, result }) }, (error: unknown) => {
      done({ id, error: String(error instanceof Error ? error.stack : error) })
    })
  })
  process.on('disconnect', () => { process.exit() })
}

/** SIGKILL for those that are left. */
export function endChildren (): void {
  for (const process of live) process.kill('SIGKILL')
}
