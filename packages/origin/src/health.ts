import type { Random } from '@shoal/base'
import { BACKOFF_MAX_MS, BACKOFF_MIN_MS, MISSING_IN_A_ROW, RETRY_AFTER_MAX_MS } from './defaults.js'

/** How one base did lately. */
export class Health {
  #failures = 0
  #missing = 0
  #downUntil = 0

  /** ms on the clock; 0 when it never failed or did well since. */
  get downUntil (): number {
    return this.#downUntil
  }

  succeeded (): void {
    this.#failures = this.#missing = this.#downUntil = 0
  }

  /** Returns until when the base rests, 0 when it does not. */
  failed (now: number, random: Random, status?: number, retryAfterMs = 0): number {
    const missing = status === 404 || status === 410
    if (missing && ++this.#missing < MISSING_IN_A_ROW) return 0
    const backoff = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures++)
    // jitter, so that viewers who saw the same failure do not come back as one
    const rest = Math.max(backoff * (0.5 + random() / 2), Math.min(RETRY_AFTER_MAX_MS, retryAfterMs))
    this.#downUntil = Math.max(this.#downUntil, now + rest)
    return this.#downUntil
  }
}
