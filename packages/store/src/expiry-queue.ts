/** Below this there is nothing to gain by tidying. */
const TIDY_FROM = 64

interface Entry {
  readonly at: number
  readonly slot: number
}

/**
 * Slots in the order in which they expire: a binary heap. Nothing is taken out before its turn; whoever owns the slots says which entries
 * still stand, and when twice as many lie here as there are slots, those that do not, and those that are here twice, are dropped.
 */
export class ExpiryQueue {
  #heap: Entry[] = []
  #tidyAt = TIDY_FROM
  readonly #stands: (slot: number, at: number) => boolean

  /** @param stands whether this slot still expires at this time */
  constructor (stands: (slot: number, at: number) => boolean) {
    this.#stands = stands
  }

  /** Entries, those that do not stand any more included. */
  get length (): number {
    return this.#heap.length
  }

  add (slot: number, at: number): void {
    if (this.#heap.length >= this.#tidyAt) this.#tidy()
    this.#heap.push({ at, slot })
    this.#rise(this.#heap.length - 1)
  }

  /** Takes out the slot that expired first, at `now` or before; −1 when there is none. */
  take (now: number): number {
    for (let top = this.#heap[0]; top !== undefined && top.at <= now; top = this.#heap[0]) {
      const last = this.#heap.pop() as Entry
      if (this.#heap.length > 0) {
        this.#heap[0] = last
        this.#sink(0)
      }
      if (this.#stands(top.slot, top.at)) return top.slot
    }
    return -1
  }

  #tidy (): void {
    const kept = new Set<number>()
    this.#heap = this.#heap.filter(({ at, slot }) => this.#stands(slot, at) && kept.size < kept.add(slot).size)
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i)
    this.#tidyAt = Math.max(TIDY_FROM, 2 * this.#heap.length)
  }

  #rise (from: number): void {
    const entry = this.#heap[from] as Entry
    let at = from
    for (let parent = (at - 1) >> 1; at > 0 && this.#time(parent) > entry.at; parent = (at - 1) >> 1) {
      this.#heap[at] = this.#heap[parent] as Entry
      at = parent
    }
    this.#heap[at] = entry
  }

  #sink (from: number): void {
    const entry = this.#heap[from] as Entry
    let at = from
    for (;;) {
      const left = 2 * at + 1
      const child = this.#time(left + 1) < this.#time(left) ? left + 1 : left
      if (this.#time(child) >= entry.at) break
      this.#heap[at] = this.#heap[child] as Entry
      at = child
    }
    this.#heap[at] = entry
  }

  #time (at: number): number {
    return this.#heap[at]?.at ?? Infinity
  }
}
