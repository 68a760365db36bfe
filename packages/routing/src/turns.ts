/** At most `limit` tasks at the same time; the others wait in line. */
export class Turns {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  #busy = 0

  constructor (limit: number) {
    this.#limit = limit
  }

  /** @throws the signal's reason when it is aborted before or while waiting */
  async run<T> (signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.#limit) await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    else this.#busy++
    try {
      signal.throwIfAborted()
      return await task()
    } finally {
      // the turn is handed on, so nobody overtakes
      const next = this.#waiting.shift()
      if (next === undefined) this.#busy--
      else next()
    }
  }
}
