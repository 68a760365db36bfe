import { CONGESTION_MS } from './defaults.js'

/** The share of the recent time in which something was so, 0 to 1: what is long past fades. */
export class BusyShare {
  #share = 0
  #busy = false
  #at = 0

  set (busy: boolean, now: number): void {
    this.#share = this.at(now)
    this.#at = now
    this.#busy = busy
  }

  at (now: number): number {
    const left = Math.exp(-Math.max(0, now - this.#at) / CONGESTION_MS)
    return this.#busy ? 1 - (1 - this.#share) * left : this.#share * left
  }
}
