/** A binary heap: the item of the least key comes first. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #key: (item: T) => number

  constructor (key: (item: T) => number) {
    this.#key = key
  }

  get first (): T | undefined {
    return this.#items[0]
  }

  push (item: T): void {
    const items = this.#items
    const key = this.#key(item)
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#key(items[parent] as T) <= key) break
      items[at] = items[parent] as T
      at = parent
    }
    items[at] = item
  }

  /** Takes the first away. */
  pop (): void {
    const items = this.#items
    const last = items.pop() as T
    const size = items.length
    if (size === 0) return
    const key = this.#key(last)
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && this.#key(items[child + 1] as T) < this.#key(items[child] as T)) child++
      if (this.#key(items[child] as T) >= key) break
      items[at] = items[child] as T
      at = child
    }
    items[at] = last
  }
}
