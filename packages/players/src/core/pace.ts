import { HELD_TTFB_MS, PEER_RATE_CEILING, RATE_WEIGHT } from './defaults.js'
import type { SourceKind } from '@shoal/interface'

/** Of a delivery, in milliseconds on one clock. */
export interface Times {
  readonly start: number
  /** First byte. */
  readonly first: number
  readonly end: number
}

/** With its times as measured. */
export interface Delivery extends Times {
  readonly bytes: number
  /** Seconds of media, 0 when unknown. */
  readonly duration: number
  /** It was there before its deadline. */
  readonly onTime: boolean
  readonly source: SourceKind
}

/**
 * What a player is told about the speed of a delivery. Estimators take the time that the bytes took, with or without the time to the first
 * one, and conclude on the next rung. Two things would fool them:
 *
 * - bytes from memory or from a neighbour read as gigabits, and the next fragment, which may have to come from the origin, would be chosen
 *   too high. So a delivery that was not the origin's is credited with at most the larger of the origin's measured rate and
 *   `PEER_RATE_CEILING` times its own bit rate;
 * - Shoal lets a fragment that is not due yet wait for a better source, which reads as a slow network. So a delivery that came before its
 *   deadline is credited with at least the rate credited last.
 *
 * What the origin delivered, and what came late, is reported as it was.
 */
export class Pace {
  /** Bytes per ms. */
  #origin: number | undefined
  #credited: number | undefined

  /** Times to report, on the same clock: `end` stays, `start` and `first` move. */
  report (delivery: Delivery): Times {
    const { bytes, duration, start, first, end } = delivery
    const measured = bytes / Math.max(1, end - start)
    if (delivery.source === 'origin') {
      this.#origin = this.#origin === undefined ? measured : this.#origin + RATE_WEIGHT * (measured - this.#origin)
      if (!delivery.onTime || measured >= (this.#credited ?? 0)) {
        this.#credited = measured
        return { start, first, end }
      }
    }
    // an init segment says nothing of bit rates
    if (duration <= 0 || bytes === 0) return { start, first, end }
    const own = PEER_RATE_CEILING * bytes / (duration * 1000)
    const ceiling = delivery.source === 'origin' ? Infinity : Math.max(this.#origin ?? 0, own)
    const floor = delivery.onTime ? Math.min(this.#credited ?? own, ceiling) : 0
    const rate = Math.min(ceiling, Math.max(floor, measured))
    this.#credited = rate
    const shown = end - bytes / rate
    return { start: shown - HELD_TTFB_MS, first: shown, end }
  }
}
