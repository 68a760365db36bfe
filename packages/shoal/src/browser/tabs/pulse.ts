import type { Clock } from '@shoal/base'
import { FROZEN_TICKS, QUIET_TICKS, TICK_MS } from './protocol.js'

export interface PulseHost {
  /** Something has been asked and is not answered. */
  readonly busy: () => boolean
  readonly ping: () => void
  /** Nothing has been heard since the ping. */
  readonly quiet: () => void
  /** And for much longer. */
  readonly frozen: () => void
}

/**
 * Feels whether the leader lives, as long as something is asked of it. Counts ticks of which each is set when the one before it came: after
 * a sleep of this tab itself what was said meanwhile is heard before the next.
 */
export class Pulse {
  readonly #clock: Clock
  readonly #host: PulseHost
  #cancel: (() => void) | undefined
  #ticks = 0

  constructor (clock: Clock, host: PulseHost) {
    this.#clock = clock
    this.#host = host
  }

  start (): void {
    if (this.#cancel !== undefined) return
    this.#ticks = 0
    this.#tick()
  }

  heard (): void {
    this.#ticks = 0
  }

  stop (): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #tick (): void {
    this.#cancel = this.#clock.after(TICK_MS, () => {
      this.#cancel = undefined
      if (this.#ticks === 0 && !this.#host.busy()) return
      this.#ticks++
      if (this.#ticks >= FROZEN_TICKS) { this.#host.frozen(); return }
      if (this.#ticks >= QUIET_TICKS) this.#host.quiet()
      this.#host.ping()
      this.#tick()
    })
  }
}
