import { Ewma } from '@shoal/base'
import { RATE_PAUSE_MS, RATE_SAMPLE_MS } from './defaults.js'

/** How fast bytes move while they do, bytes per second: what a link can do shows only while something is under way. */
export class BusyRate {
  readonly #average = new Ewma(0.2)
  #since = -Infinity
  #last = -Infinity
  #bytes = 0

  /** Smoothed; `undefined` before the first stretch of a second without a pause. */
  get value (): number | undefined {
    return this.#average.value
  }

  add (bytes: number, now: number): void {
    if (now - this.#last > RATE_PAUSE_MS) {
      // these came in the pause, nobody knows how fast
      this.#since = now
      this.#bytes = 0
    } else this.#bytes += bytes
    this.#last = now
    const ms = now - this.#since
    if (ms < RATE_SAMPLE_MS) return
    this.#average.add(this.#bytes * 1000 / ms)
    this.#since = now
    this.#bytes = 0
  }
}
