import type { SegmentRun } from '@shoal/interface'
import { runsOf } from './bits.js'

/** A set of a few numbers of any size, as `Bits` is one of small ones: the segments of a live content, whose numbers only rise. */
export class Sparse {
  readonly #numbers = new Set<number>()

  get count (): number {
    return this.#numbers.size
  }

  has (n: number): boolean {
    return this.#numbers.has(n)
  }

  /** Returns whether it was new. */
  add (n: number): boolean {
    if (this.#numbers.has(n)) return false
    this.#numbers.add(n)
    return true
  }

  /** Returns whether it was there. */
  delete (n: number): boolean {
    return this.#numbers.delete(n)
  }

  /** Drops every number from `size` on. */
  truncate (size: number): void {
    for (const n of this.#numbers) if (n >= size) this.#numbers.delete(n)
  }

  /** Maximal runs in rising order. */
  runs (): SegmentRun[] {
    return runsOf(this.#numbers)
  }
}
