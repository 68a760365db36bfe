import { WireError } from '@shoal/interface'
import { MAX_CREDIT_BYTES } from '@shoal/wire'

/** What the peer lets us send: block bytes, header fields not counted. */
export class SendCredit {
  #available: number

  constructor (first: number) {
    this.#available = first
  }

  get available (): number {
    return this.#available
  }

  /** @throws WireError when the peer grants more than any window */
  grant (bytes: number): void {
    if (this.#available + bytes > MAX_CREDIT_BYTES) {
      throw new WireError(`expected at most ${MAX_CREDIT_BYTES} bytes of credit in all, got ${bytes} on top of ${this.#available}`)
    }
    this.#available += bytes
  }

  spend (bytes: number): void {
    this.#available -= bytes
  }
}

/**
 * What we let the peer send. Every byte is in one of three places, and their sum is the window:
 * `allowed` (the peer may send it), `unsettled` (it came, and is neither verified nor discarded), `owed` (settled, not yet granted anew).
 */
export class ReceiveCredit {
  #window: number
  #allowed: number
  #unsettled = 0
  #owed = 0

  constructor (window: number) {
    this.#window = this.#allowed = window
  }

  get window (): number {
    return this.#window
  }

  get allowed (): number {
    return this.#allowed
  }

  get unsettled (): number {
    return this.#unsettled
  }

  get owed (): number {
    return this.#owed
  }

  /** @throws WireError when the peer sends past its credit */
  receive (bytes: number): void {
    if (bytes > this.#allowed) throw new WireError(`expected at most ${this.#allowed} bytes of credit to be used, got ${bytes}`)
    this.#allowed -= bytes
    this.#unsettled += bytes
  }

  /** These bytes have been verified or discarded. Each received byte is settled exactly once. */
  settle (bytes: number): void {
    this.#unsettled -= bytes
    this.#owed += bytes
  }

  /** Windows only grow: what has been granted cannot be taken back. */
  grow (window: number): void {
    if (window <= this.#window) return
    this.#owed += window - this.#window
    this.#window = window
  }

  /** Bytes to grant now: 0 until a quarter of the window is owed, so that a CREDIT pays for itself. The caller sends what it takes. */
  take (): number {
    if (this.#owed < this.#window / 4) return 0
    const bytes = this.#owed
    this.#owed = 0
    this.#allowed += bytes
    return bytes
  }
}
