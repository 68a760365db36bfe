import { BLOCK_SIZE_BYTES, CHUNKER } from './limits.js'

/** Where the leaves of a file end. */
export interface Cutting {
  /**
   * `fixed`: every 256 KiB. `content`: where the bytes themselves say, so that an insertion moves the leaves behind it and changes only
   * those around it.
   */
  readonly method: 'fixed' | 'content'
  /** Bytes from the file's start at which a leaf ends whatever the method: parts, byte ranges, segments. Rising, each inside the file. */
  readonly boundaries?: readonly number[] | undefined
}

/** A content-defined leaf ends behind a byte that makes these bits of the hash 0, its leading ones: once in 2¹⁵ bytes. */
const CUT_MASK = -1 << (32 - CHUNKER.bits)

/** The hash shifts by a bit with each byte, so it forgets what is 32 bytes back. */
const WINDOW_BYTES = 32

/** A word for each byte. Any fixed table whose words look random will do; this one takes no memory in the package. */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) => mix(byte + 1))

/** The 32-bit finaliser of MurmurHash3. */
function mix (value: number): number {
  let x = Math.imul(value ^ value >>> 16, 0x85ebca6b)
  x = Math.imul(x ^ x >>> 13, 0xc2b2ae35)
  return x ^ x >>> 16
}

/** Finds where leaves end in bytes that come in pieces of any length. */
export class Cutter {
  readonly #content: boolean
  readonly #boundaries: readonly number[]
  #next = 0
  /** Of the file, and of the leaf that has begun, so far. */
  #position = 0
  #length = 0
  #hash = 0

  constructor ({ method, boundaries = [] }: Cutting) {
    this.#content = method === 'content'
    this.#boundaries = boundaries
  }

  /**
   * Takes bytes from `at` on, as far as the leaf goes that has begun.
   *
   * @returns the end of the leaf in `bytes`, and whether it ends there or goes on in the next piece
   */
  take (bytes: Uint8Array, at: number): { end: number, done: boolean } {
    while ((this.#boundaries[this.#next] ?? Infinity) <= this.#position) this.#next++
    const room = Math.min(BLOCK_SIZE_BYTES - this.#length, (this.#boundaries[this.#next] ?? Infinity) - this.#position)
    const limit = Math.min(bytes.byteLength, at + room)
    const cut = this.#content ? this.#find(bytes, at, limit) : undefined
    const end = cut ?? limit
    this.#position += end - at
    this.#length += end - at
    const done = cut !== undefined || end - at === room
    if (done) this.#length = this.#hash = 0
    return { end, done }
  }

  /** Bytes before the shortest leaf are skipped, but for those that the hash at its end is made of. */
  #find (bytes: Uint8Array, at: number, limit: number): number | undefined {
    const first = at - this.#length + CHUNKER.min
    const warm = Math.min(first, limit)
    let hash = this.#hash
    let i = Math.max(at, first - WINDOW_BYTES)
    for (; i < warm; i++) hash = (hash << 1) + (GEAR[bytes[i] as number] as number) | 0
    for (; i < limit; i++) {
      hash = (hash << 1) + (GEAR[bytes[i] as number] as number) | 0
      if ((hash & CUT_MASK) === 0) return i + 1
    }
    this.#hash = hash
    return undefined
  }
}
