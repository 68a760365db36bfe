import type { Clock } from '@shoal/base'
import { TELL_PURGE_MS } from './defaults.js'

/** What is left later than it could be, so that others hear why. */
export class Farewells {
  readonly #clock: Clock
  readonly #cancels = new Set<() => void>()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  later (leave: () => void): void {
    const cancel = this.#clock.after(TELL_PURGE_MS, () => {
      this.#cancels.delete(cancel)
      leave()
    })
    this.#cancels.add(cancel)
  }

  /** Everything is left at once, by others. */
  stop (): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }
}
