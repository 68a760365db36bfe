import { WireError } from '@shoal/interface'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export function utf8 (text: string): Uint8Array {
  return encoder.encode(text)
}

/** Reads big-endian fields one after the other; every read past the end is a `WireError`. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor (bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8 (): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16 (): number {
    return this.#view.getUint16(this.#take(2))
  }

  u32 (): number {
    return this.#view.getUint32(this.#take(4))
  }

  /** A view, not a copy. */
  bytes (length: number): Uint8Array {
    const from = this.#take(length)
    return this.#bytes.subarray(from, from + length)
  }

  rest (): Uint8Array {
    return this.bytes(this.#bytes.byteLength - this.#at)
  }

  text (length: number): string {
    const bytes = this.bytes(length)
    try {
      return decoder.decode(bytes)
    } catch {
      throw new WireError(`expected ${length} bytes of UTF-8, got bytes that are not`)
    }
  }

  #take (length: number): number {
    const from = this.#at
    const left = this.#bytes.byteLength - from
    if (length > left) throw new WireError(`expected a field of ${length} bytes at offset ${from} of the payload, got ${left}`)
    this.#at = from + length
    return from
  }
}

/** Writes big-endian fields one after the other into a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #at = 0

  constructor (size = 64) {
    this.#bytes = new Uint8Array(size)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length (): number {
    return this.#at
  }

  u8 (value: number): void {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
  }

  u16 (value: number): void {
    const at = this.#grow(2)
    this.#view.setUint16(at, value)
  }

  u32 (value: number): void {
    const at = this.#grow(4)
    this.#view.setUint32(at, value)
  }

  bytes (bytes: Uint8Array): void {
    const at = this.#grow(bytes.byteLength)
    this.#bytes.set(bytes, at)
  }

  /** Overwrites what was written before. */
  setU32 (at: number, value: number): void {
    this.#view.setUint32(at, value)
  }

  finish (): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  /** Room for `length` bytes; replaces the buffer, so it comes before any use of it. */
  #grow (length: number): number {
    const from = this.#at
    this.#at += length
    if (this.#at > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#at, 2 * this.#bytes.byteLength))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return from
  }
}
