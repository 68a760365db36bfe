/** A map of at most `limit` entries; the least recently set or used goes first. */
export class BoundedMap<K, V> {
  readonly #map = new Map<K, V>()
  readonly #limit: number
  readonly #onevict: ((key: K, value: V) => void) | undefined

  constructor (limit: number, onevict?: (key: K, value: V) => void) {
    this.#limit = limit
    this.#onevict = onevict
  }

  get size (): number {
    return this.#map.size
  }

  /** Reads and marks as used. */
  get (key: K): V | undefined {
    const value = this.#map.get(key)
    if (value !== undefined || this.#map.has(key)) {
      this.#map.delete(key)
      this.#map.set(key, value as V)
    }
    return value
  }

  has (key: K): boolean {
    return this.#map.has(key)
  }

  set (key: K, value: V): void {
    this.#map.delete(key)
    this.#map.set(key, value)
    if (this.#map.size <= this.#limit) return
    const oldest = this.#map.entries().next().value as [K, V]
    this.#map.delete(oldest[0])
    this.#onevict?.(oldest[0], oldest[1])
  }

  delete (key: K): boolean {
    return this.#map.delete(key)
  }

  entries (): IterableIterator<[K, V]> {
    return this.#map.entries()
  }
}
