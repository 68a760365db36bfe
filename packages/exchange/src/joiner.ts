import { WireError } from '@shoal/interface'
import { MAX_HEAD_BYTES, type Head, type Revoked } from '@shoal/wire'

/** Puts together what comes in several frames. */
export class Joiner {
  readonly #what: string
  #parts: Uint8Array[] = []
  #bytes = 0

  constructor (what: string) {
    this.#what = what
  }

  /** The whole, with its last part. @throws WireError when it is too long */
  add ({ bytes, more }: Pick<Head | Revoked, 'bytes' | 'more'>): Uint8Array | undefined {
    this.#bytes += bytes.byteLength
    if (this.#bytes > MAX_HEAD_BYTES) throw new WireError(`expected a ${this.#what} of at most ${MAX_HEAD_BYTES} bytes, got ${this.#bytes}`)
    this.#parts.push(bytes)
    if (more) return undefined
    const parts = this.#parts
    const whole = parts.length === 1 ? bytes : new Uint8Array(this.#bytes)
    this.#parts = []
    this.#bytes = 0
    if (parts.length === 1) return whole
    let at = 0
    for (const part of parts) {
      whole.set(part, at)
      at += part.byteLength
    }
    return whole
  }
}
