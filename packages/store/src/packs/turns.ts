/** Work that many do at the same time, and work that needs all of the others to have stopped. */
export class Turns {
  #sharing = 0
  #idle: (() => void) | undefined
  #alone: Promise<void> | undefined

  async share<T> (work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone
    this.#sharing++
    try {
      return await work()
    } finally {
      if (--this.#sharing === 0) this.#idle?.()
    }
  }

  /** Not from within `share`. */
  async alone<T> (work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#alone = promise
    try {
      if (this.#sharing > 0) await new Promise<void>(resolve => { this.#idle = resolve })
      return await work()
    } finally {
      this.#idle = undefined
      this.#alone = undefined
      resolve(undefined)
    }
  }
}
