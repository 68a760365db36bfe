/** Time and timers, injected wherever time matters, so that tests and the simulator run on a clock of their own. */
export interface Clock {
  /** Monotonic milliseconds; the zero point means nothing. */
  now (): number
  /** Wall-clock milliseconds since 1970, for what is written down or compared with other machines. */
  wall (): number
  /** Calls `fn` once after `ms`; returns what cancels it. Does not keep a process alive. */
  after (ms: number, fn: () => void): () => void
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after (ms, fn) {
    const timer: unknown = setTimeout(fn, Math.max(0, ms))
    // Node.js returns an object, browsers a number
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref (): void }).unref()
    return () => { clearTimeout(timer as number) }
  }
}

/** A clock that stands still until `advance` moves it; timers fire in order of time, then of creation. */
export class ManualClock implements Clock {
  #now = 0
  #sequence = 0
  #timers: { at: number, order: number, fn: () => void }[] = []
  readonly #epoch: number

  constructor (epoch = 0) {
    this.#epoch = epoch
  }

  now (): number {
    return this.#now
  }

  wall (): number {
    return this.#epoch + this.#now
  }

  after (ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#sequence++, fn }
    this.#timers.push(timer)
    return () => { this.#timers = this.#timers.filter(other => other !== timer) }
  }

  /** Moves time on by `ms` and fires what falls due, timers set meanwhile included. */
  advance (ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter(timer => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.fn()
    }
    this.#now = end
  }
}
