import type { Clock } from './clock.js'

/** A rate limit: tokens (bytes, mostly) flow in at `rate` a second up to `burst`. A taker may go into debt and pays by waiting. */
export class TokenBucket {
  #tokens: number
  #at: number
  #rate: number
  readonly #burst: number | undefined
  readonly #clock: Clock

  /** @param rate tokens per second; `Infinity` never waits. @param burst default: one quarter of a second's worth */
  constructor (clock: Clock, rate: number, burst?: number) {
    this.#clock = clock
    this.#rate = rate
    this.#burst = burst
    this.#tokens = this.burst
    this.#at = clock.now()
  }

  get rate (): number {
    return this.#rate
  }

  set rate (rate: number) {
    this.#refill()
    this.#rate = rate
  }

  get burst (): number {
    return this.#burst ?? this.#rate / 4
  }

  /** Takes `amount` when there is any token left, perhaps into debt. Returns false, and takes nothing, while in debt. */
  take (amount: number): boolean {
    if (this.#rate === Infinity) return true
    this.#refill()
    if (this.#tokens <= 0) return false
    this.#tokens -= amount
    return true
  }

  /** Takes `amount` whatever there is: it has happened already. */
  spend (amount: number): void {
    if (this.#rate === Infinity) return
    this.#refill()
    this.#tokens -= amount
  }

  /** Milliseconds until `take` will be granted: 0 when now, `Infinity` when never. */
  wait (): number {
    if (this.#rate === Infinity) return 0
    this.#refill()
    if (this.#tokens > 0) return 0
    return this.#rate <= 0 ? Infinity : Math.max(1, (-this.#tokens / this.#rate) * 1000)
  }

  #refill (): void {
    const now = this.#clock.now()
    if (this.#rate !== Infinity) this.#tokens = Math.min(this.burst, this.#tokens + (now - this.#at) * this.#rate / 1000)
    this.#at = now
  }
}
