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

const AWAKE_STEP_MS = 1_000

/**
 * Calls `fn` once after `ms` of which nobody slept: a process that was stopped, or a page that was frozen, comes to its overdue timers
 * before it comes to the answers that wait for it, and would give up on all of them. One sleep does not count; from then on time is
 * time, for in a hidden page every timer is late. Returns what cancels it.
 */
export function afterAwake (clock: Clock, ms: number, fn: () => void): () => void {
  let left = ms
  let slept = false
  let cancel = (): void => {}
  const wait = (): void => {
    const step = Math.min(left, AWAKE_STEP_MS)
    const since = clock.now()
    cancel = clock.after(step, () => {
      const passed = Math.max(step, clock.now() - since)
      const sleeps = !slept && passed > step + AWAKE_STEP_MS
      slept ||= sleeps
      if (!sleeps) left -= passed
      if (left > 0) wait(); else fn()
    })
  }
  wait()
  return () => { cancel() }
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

  /** Moves time on by `ms` as a sleep does: what fell due meanwhile fires late, when it is over. */
  sleep (ms: number): void {
    this.#now += ms
    for (const timer of this.#timers.filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at || a.order - b.order)) {
      // one before it may have cancelled it
      if (!this.#timers.includes(timer)) continue
      this.#timers = this.#timers.filter(other => other !== timer)
      timer.fn()
    }
  }
}
