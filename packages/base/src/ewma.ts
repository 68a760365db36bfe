/** Exponentially weighted moving average of samples; the first sample is taken as it is. */
export class Ewma {
  #value: number | undefined
  readonly #weight: number

  /** @param weight of the newest sample, 0 to 1 */
  constructor (weight: number) {
    this.#weight = weight
  }

  get value (): number | undefined {
    return this.#value
  }

  add (sample: number): number {
    this.#value = this.#value === undefined ? sample : this.#value + this.#weight * (sample - this.#value)
    return this.#value
  }
}

/** Rate of a stream of amounts, per second, that halves every `halfLife` ms without any. Time comes from the caller. */
export class DecayingRate {
  #sum = 0
  #at: number
  readonly #start: number
  readonly #tau: number

  constructor (now: number, halfLife = 2000) {
    this.#at = this.#start = now
    this.#tau = halfLife / Math.LN2
  }

  add (amount: number, now: number): void {
    this.#sum = this.#decayed(now) + amount
    this.#at = now
  }

  /** Per second. Corrected for a start less than a few half-lives ago, so a young rate is not read too low. */
  perSecond (now: number): number {
    const age = Math.max(1, now - this.#start)
    return this.#decayed(now) * 1000 / (this.#tau * (1 - Math.exp(-age / this.#tau)))
  }

  #decayed (now: number): number {
    return this.#sum * Math.exp(-Math.max(0, now - this.#at) / this.#tau)
  }
}
