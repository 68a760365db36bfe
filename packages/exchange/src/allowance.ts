import { TokenBucket, type Clock } from '@shoal/base'
import { CONTROL_POINT_BYTES, CONTROL_POINTS_BURST, CONTROL_POINTS_PER_SECOND } from './defaults.js'

/** How much control a peer may send, by what it takes to read. */
export class Allowance {
  readonly #bucket: TokenBucket

  constructor (clock: Clock) {
    this.#bucket = new TokenBucket(clock, CONTROL_POINTS_PER_SECOND, CONTROL_POINTS_BURST)
  }

  /** @param length of a frame's payload, bytes. @returns what is wrong, `undefined` when nothing is */
  spend (length: number): string | undefined {
    if (this.#bucket.take(1 + Math.floor(length / CONTROL_POINT_BYTES))) return undefined
    return `expected at most ${CONTROL_POINTS_PER_SECOND} control frames a second, of ${CONTROL_POINT_BYTES} bytes each, got more for too long`
  }
}
