import type { Clock } from '@shoal/base'

/** The one timer of a node: each owner has at most one time at which it wants to be called. */
export class Alarm {
  readonly #clock: Clock
  readonly #times = new Map<() => void, number>()
  #armed: { at: number, cancel: () => void } | undefined
  #stopped = false

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** Call `owner` at `at` (ms on the clock), in place of any time set before; `undefined` clears it. */
  set (owner: () => void, at: number | undefined): void {
    if (at === undefined) this.#times.delete(owner)
    else this.#times.set(owner, at)
    if (at !== undefined) this.#arm(at)
  }

  /** Brings the time forward, never back. */
  soonest (owner: () => void, at: number): void {
    const set = this.#times.get(owner)
    if (set === undefined || at < set) this.set(owner, at)
  }

  stop (): void {
    this.#stopped = true
    this.#times.clear()
    this.#armed?.cancel()
    this.#armed = undefined
  }

  /** Rings at `at` at the latest: whoever was called may have armed it for later than others wait for. */
  #arm (at: number): void {
    if (this.#stopped || (this.#armed !== undefined && this.#armed.at <= at)) return
    this.#armed?.cancel()
    this.#armed = { at, cancel: this.#clock.after(Math.max(0, at - this.#clock.now()), () => { this.#ring() }) }
  }

  #ring (): void {
    this.#armed = undefined
    const now = this.#clock.now()
    // half a millisecond: timers of browsers round down
    const due: (() => void)[] = []
    for (const [owner, at] of this.#times) if (at <= now + 0.5) due.push(owner)
    for (const owner of due) this.#times.delete(owner)
    try {
      for (let owner = due.shift(); owner !== undefined; owner = due.shift()) owner()
    } finally {
      // one that throws must not stop the others, nor time itself
      for (const owner of due) this.soonest(owner, now)
      let next: number | undefined
      for (const at of this.#times.values()) if (next === undefined || at < next) next = at
      if (next !== undefined) this.#arm(next)
    }
  }
}
