import { BURST_MS } from './defaults.js'

/**
 * How much of a block is handed to a stream at once. Each hand-over costs a record of the encryption and a system call or two, and what
 * was handed over can neither be cancelled nor overtaken by control: so it grows while the stream takes it within `BURST_MS`, to whole
 * blocks on a fast link, and shrinks to a frame on a slow one.
 */
export class Burst {
  readonly #least: number
  readonly #most: number
  #bytes: number

  /** @param least a frame's worth. @param most never more than this, if that is more than `least` */
  constructor (least: number, most: number) {
    this.#bytes = this.#least = least
    this.#most = Math.max(least, most)
  }

  get bytes (): number {
    return this.#bytes
  }

  /** The stream took the last hand-over within `ms`. */
  taken (ms: number): void {
    this.#bytes = ms <= BURST_MS ? Math.min(this.#most, 2 * this.#bytes) : Math.max(this.#least, this.#bytes / 2)
  }
}
