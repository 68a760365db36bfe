import { systemRandom, type Random } from '@shoal/base'

const DIGEST_BYTES = 32
const INITIAL_SLOTS = 64

/**
 * Numbers digests: each that is added gets a slot, a small number that is used again after `remove`, so that owners keep what they know
 * of a block in plain arrays beside it. An open-addressing table over typed arrays: 44 bytes a digest where a `Map` of strings takes 110
 * to 130, and `find` allocates nothing. A digest may be added more than once.
 */
export class DigestTable {
  #digests = new Uint8Array(INITIAL_SLOTS * DIGEST_BYTES)
  /** slot + 1 by hash, 0 where free. At most half full. */
  #table = new Uint32Array(2 * INITIAL_SLOTS)
  #free: number[] = []
  #top = 0
  // Secret factors: digests come from publishers, who could otherwise make many that fall into one place.
  readonly #factors: readonly [number, number]

  constructor (random: Random = systemRandom) {
    this.#factors = [random() * 0x1_0000_0000 | 1, random() * 0x1_0000_0000 | 1]
  }

  /** Slot of the first match that `accept` takes, −1 when there is none. */
  find (digest: Uint8Array, accept?: (slot: number) => boolean): number {
    if (digest.byteLength !== DIGEST_BYTES) return -1
    const mask = this.#table.length - 1
    for (let at = this.#home(digest, 0); ; at = (at + 1) & mask) {
      const slot = (this.#table[at] as number) - 1
      if (slot === -1) return -1
      if (this.#equal(slot, digest) && (accept === undefined || accept(slot))) return slot
    }
  }

  /** @throws RangeError when it is not 32 bytes long */
  add (digest: Uint8Array): number {
    if (digest.byteLength !== DIGEST_BYTES) throw new RangeError(`expected a digest of ${DIGEST_BYTES} bytes, got ${digest.byteLength}`)
    const slot = this.#free.pop() ?? this.#top++
    if (slot * DIGEST_BYTES >= this.#digests.byteLength) this.#grow()
    this.#digests.set(digest, slot * DIGEST_BYTES)
    this.#insert(slot)
    return slot
  }

  remove (slot: number): void {
    const mask = this.#table.length - 1
    let hole = this.#slotHome(slot)
    while (this.#table[hole] !== slot + 1) hole = (hole + 1) & mask
    // Backward shift (Knuth 6.4, algorithm R): no tombstones, so lookups stay short however long the table lives.
    for (let at = (hole + 1) & mask; this.#table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#slotHome((this.#table[at] as number) - 1)
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      this.#table[hole] = this.#table[at] as number
      hole = at
    }
    this.#table[hole] = 0
    this.#free.push(slot)
  }

  /** A copy. */
  digest (slot: number): Uint8Array {
    return this.#digests.slice(slot * DIGEST_BYTES, (slot + 1) * DIGEST_BYTES)
  }

  /** All that are in use, in no particular order. */
  slots (): number[] {
    return Array.from(this.#table.filter(entry => entry !== 0), entry => entry - 1)
  }

  #insert (slot: number): void {
    const mask = this.#table.length - 1
    let at = this.#slotHome(slot)
    while (this.#table[at] !== 0) at = (at + 1) & mask
    this.#table[at] = slot + 1
  }

  #grow (): void {
    const digests = new Uint8Array(2 * this.#digests.byteLength)
    digests.set(this.#digests)
    this.#digests = digests
    const old = this.#table
    this.#table = new Uint32Array(2 * old.length)
    for (const entry of old) if (entry !== 0) this.#insert(entry - 1)
  }

  #equal (slot: number, digest: Uint8Array): boolean {
    const start = slot * DIGEST_BYTES
    for (let i = 0; i < DIGEST_BYTES; i++) if (this.#digests[start + i] !== digest[i]) return false
    return true
  }

  #slotHome (slot: number): number {
    return this.#home(this.#digests, slot * DIGEST_BYTES)
  }

  #home (bytes: Uint8Array, start: number): number {
    const mixed = Math.imul(word(bytes, start), this.#factors[0]) + Math.imul(word(bytes, start + 4), this.#factors[1])
    return (mixed ^ (mixed >>> 16)) & (this.#table.length - 1)
  }
}

function word (bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | (bytes[at + 1] as number) << 8 | (bytes[at + 2] as number) << 16 | (bytes[at + 3] as number) << 24
}

/** The array itself when it has a place `index`, else a longer copy. */
export function withPlace<T extends Uint8Array | Uint32Array | Float64Array> (array: T, index: number): T {
  if (index < array.length) return array
  const longer = new (array.constructor as new (length: number) => T)(Math.max(2 * array.length, index + 1))
  longer.set(array as unknown as ArrayLike<number>)
  return longer
}
