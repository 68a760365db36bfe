import { NotFoundError, type Segment } from '@shoal/interface'
import { raceSignal, type Clock } from '@shoal/base'

/** A publisher that was silent for so many target durations is not waited for. */
const SILENT_TARGETS = 2
/**
 * Where something new comes more often than this, ms, a head may take as long all the same: with half a second for parts of half a second
 * all viewers asked the origin for each whose head a busy machine had for 0.6 s.
 */
const LEAST_TARGET_MS = 1_000
/** Of the time that is left, a head on its way may take this share: the origin must still be in time after it. */
const SHARE = 0.5

/** When the window of a live content moves. What its origin lists is asked for before the head that names it has come all the way. */
export class Moves {
  readonly #clock: Clock
  readonly #waiting = new Set<() => void>()
  /** When it moved last, ms on the node's clock. */
  at: number

  constructor (clock: Clock) {
    this.#clock = clock
    this.at = clock.now()
  }

  moved (): void {
    this.at = this.#clock.now()
    for (const wake of this.#waiting) wake()
  }

  /**
   * What `find` gives, or gives in time.
   *
   * @param deadline ms from now
   * @param target seconds between two heads, at the most; taken for a second where it is less
   * @throws NotFoundError and whatever else `find` throws
   */
  async find (find: () => Promise<Segment>, deadline: number, target: number, signal: AbortSignal): Promise<Segment> {
    const most = Math.max(LEAST_TARGET_MS, target * 1000)
    const until = this.#clock.now() + Math.min(deadline * SHARE, most)
    for (;;) {
      try {
        return await find()
      } catch (error) {
        const now = this.#clock.now()
        if (!(error instanceof NotFoundError) || now >= until || now - this.at > SILENT_TARGETS * most) throw error
      }
      await this.#next(until, signal)
    }
  }

  async #next (until: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(Math.max(0, until - this.#clock.now()), resolve)
    this.#waiting.add(resolve)
    try {
      await raceSignal(promise, signal)
    } finally {
      this.#waiting.delete(resolve)
      cancel()
    }
  }
}
