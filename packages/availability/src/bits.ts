import type { SegmentRun } from '@shoal/interface'

/** A set of small numbers, one bit each (least significant first, as on the wire). Grows to the highest number it was given. */
export class Bits {
  #bytes: Uint8Array
  #count = 0

  /** @param size numbers to make room for at once */
  constructor (size = 0) {
    this.#bytes = new Uint8Array((size + 7) >>> 3)
  }

  /** Numbers in the set. */
  get count (): number {
    return this.#count
  }

  /** The bits themselves: to read, not to write. */
  get bytes (): Uint8Array {
    return this.#bytes
  }

  has (n: number): boolean {
    return ((this.#bytes[n >>> 3] ?? 0) & (1 << (n & 7))) !== 0
  }

  /** Returns whether it was new. */
  add (n: number): boolean {
    if (this.has(n)) return false
    this.grow(n + 1)
    this.#bytes[n >>> 3] = (this.#bytes[n >>> 3] as number) | (1 << (n & 7))
    this.#count++
    return true
  }

  /** Returns whether it was there. */
  delete (n: number): boolean {
    if (!this.has(n)) return false
    this.#bytes[n >>> 3] = (this.#bytes[n >>> 3] as number) & ~(1 << (n & 7))
    this.#count--
    return true
  }

  /** Makes room for numbers below `size`; doubles, so that adding upwards costs constant time each. */
  grow (size: number): void {
    const need = (size + 7) >>> 3
    if (need <= this.#bytes.byteLength) return
    const bytes = new Uint8Array(Math.max(need, 2 * this.#bytes.byteLength))
    bytes.set(this.#bytes)
    this.#bytes = bytes
  }

  /** Drops every number from `size` on, and the room for them. */
  truncate (size: number): void {
    for (let n = size; n < 8 * this.#bytes.byteLength && n % 8 !== 0; n++) this.delete(n)
    const keep = (size + 7) >>> 3
    if (keep >= this.#bytes.byteLength) return
    for (let i = keep; i < this.#bytes.byteLength; i++) this.#count -= popcount(this.#bytes[i] as number)
    this.#bytes = this.#bytes.slice(0, keep)
  }

  /** Maximal runs in rising order. */
  runs (): SegmentRun[] {
    const runs: SegmentRun[] = []
    let start = -1
    const end = 8 * this.#bytes.byteLength
    for (let n = 0; n < end; n++) {
      if ((n & 7) === 0) {
        const byte = this.#bytes[n >>> 3]
        // a whole byte that changes nothing: this makes long runs and long gaps cheap
        if (byte === (start < 0 ? 0x00 : 0xff)) {
          n += 7
          continue
        }
      }
      if (this.has(n)) {
        if (start < 0) start = n
      } else if (start >= 0) {
        runs.push({ start, count: n - start })
        start = -1
      }
    }
    if (start >= 0) runs.push({ start, count: end - start })
    return runs
  }
}

/** Runs of a list of different numbers, sorted here. */
export function runsOf (numbers: Iterable<number>): SegmentRun[] {
  const runs: { start: number, count: number }[] = []
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && last.start + last.count === n) last.count++
    else runs.push({ start: n, count: 1 })
  }
  return runs
}

function popcount (byte: number): number {
  let count = 0
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++
  return count
}
