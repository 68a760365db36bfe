import { BACK_OFF_LEAST_BPS, BACK_OFF_RISE, BACK_OFF_TARGET_MS } from './defaults.js'

/** What the uplink looks like. */
export interface UplinkSample {
  /** How much longer a round trip takes than at best, ms, to the peer where that is least: what all have in common is our own uplink. */
  readonly queueing: number
  /** What goes out, bytes per second, while it does. */
  readonly rate: number
}

/**
 * A rate that makes room for everything else on the uplink, in the spirit of LEDBAT (RFC 6817): it gives way as soon as queues grow beyond
 * the target, whoever fills them, and comes back slowly.
 */
export class BackOff {
  #rate = Infinity

  /** Bytes per second; `Infinity` while nothing has to be held back. */
  get rate (): number {
    return this.#rate
  }

  /** A measurement, each time there is a new one. */
  measured ({ queueing, rate }: UplinkSample): void {
    const off = (queueing - BACK_OFF_TARGET_MS) / BACK_OFF_TARGET_MS
    if (off > 0) {
      // twice the target halves it
      this.#rate = Math.max(BACK_OFF_LEAST_BPS, Math.min(this.#rate, rate) * (1 - Math.min(1, off) / 2))
    } else {
      this.#rise(rate, -off)
    }
  }

  /** Holds back half of what goes out freely. @param rate that goes out while nothing is held back */
  halve (rate: number): void {
    this.#rate = Math.min(this.#rate, Math.max(BACK_OFF_LEAST_BPS, rate / 2))
  }

  /** Nothing calls for holding back. @param rate that goes out */
  recover (rate: number): void {
    this.#rise(rate, 1)
  }

  #rise (rate: number, by: number): void {
    this.#rate *= 1 + by * BACK_OFF_RISE
    // far above what goes out it holds nothing back any more
    if (this.#rate > 4 * Math.max(rate, BACK_OFF_LEAST_BPS)) this.#rate = Infinity
  }
}
