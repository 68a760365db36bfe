import type { Reader } from './reader.js'

/** The readers of one content, by segment. */
export class Readers {
  readonly #bySegment = new Map<number, Set<Reader>>()

  /** Somebody reads, or takes what has been read. */
  get any (): boolean {
    return this.#bySegment.size > 0
  }

  /** One waits for what it needs now. */
  get pressed (): boolean {
    for (const reader of this) if (reader.pressed) return true
    return false
  }

  add (segment: number, reader: Reader): void {
    const readers = this.#bySegment.get(segment)
    if (readers === undefined) this.#bySegment.set(segment, new Set([reader]))
    else readers.add(reader)
  }

  /** It needs nothing more. */
  finished (segment: number, reader: Reader): void {
    this.#bySegment.get(segment)?.delete(reader)
  }

  /** What it read has been taken. */
  ended (segment: number): void {
    if (this.#bySegment.get(segment)?.size === 0) this.#bySegment.delete(segment)
  }

  of (segment: number): Iterable<Reader> {
    return this.#bySegment.get(segment) ?? []
  }

  /** One waits for this block, and has it not in hand. */
  lack (segment: number, block: number): boolean {
    for (const reader of this.of(segment)) if (reader.lacks(block)) return true
    return false
  }

  /** One has this block in hand. */
  have (segment: number, block: number): boolean {
    for (const reader of this.of(segment)) if (reader.has(block)) return true
    return false
  }

  segments (): IterableIterator<[segment: number, readers: ReadonlySet<Reader>]> {
    return this.#bySegment.entries()
  }

  * [Symbol.iterator] (): IterableIterator<Reader> {
    for (const readers of this.#bySegment.values()) yield * readers
  }
}
