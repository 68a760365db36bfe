import type { Clock } from '@shoal/base'
import { NEVER } from './block-index.js'

const LAST = 0xffff_ffff

/** Turns how long a block is to be kept into when it expires: seconds since 1970, in 32 bits. */
export class Expiry {
  readonly #clock: Clock
  readonly #ttl: number

  /** @param ttl seconds for blocks that do not say */
  constructor (clock: Clock, ttl = Infinity) {
    this.#clock = clock
    this.#ttl = ttl
  }

  now (): number {
    return Math.floor(this.#clock.wall() / 1000)
  }

  of (ttl = this.#ttl): number {
    const at = Math.ceil(this.#clock.wall() / 1000 + ttl)
    return at > LAST ? NEVER : Math.max(1, at)
  }
}
