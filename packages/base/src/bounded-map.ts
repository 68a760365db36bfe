/** A map of at most `limit` entries; the least recently set or used goes first. */
export class BoundedMap<K, V> {
  readonly #map = new Map<K, V>()
  readonly #limit: number
  readonly #onevict: ((key: K, value: V) => void) | undefined
  /** Set or used last: it need not be moved to the end, which costs as much as a new entry. */
  #newest: K | undefined

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
    if (key === this.#newest) return value
    if (value !== undefined || this.#map.has(key)) {
      this.#map.delete(key)
      this.#map.set(key, value as V)
      this.#newest = key
    }
    return value
  }

  has (key: K): boolean {
    return this.#map.has(key)
  }

  set (key: K, value: V): void {
    if (key !== this.#newest) this.#map.delete(key)
    this.#newest = key
    this.#map.set(key, value)
    if (this.#map.size <= this.#limit) return
    const oldest = this.#map.entries().next().value as [K, V]
    this.delete(oldest[0])
    this.#onevict?.(oldest[0], oldest[1])
  }

  delete (key: K): boolean {
    if (key === this.#newest) this.#newest = undefined
    return this.#map.delete(key)
  }

  entries (): IterableIterator<[K, V]> {
    return this.#map.entries()
  }
}
