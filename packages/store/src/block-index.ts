import { StoreFullError } from '@shoal/interface'
import { DigestTable, withPlace } from './digest-table.js'

/** A block that has to go to make room. */
export interface Victim {
  readonly digest: Uint8Array
  readonly size: number
  readonly slot: number
}

const INITIAL_SLOTS = 64

/**
 * What a store holds, by digest: sizes, pins, the order of last use, and the quota. No I/O: a store reserves room before it writes and
 * commits when it has written. Each block has a slot, a small number, under which its owner may keep what belongs to it. About 70 bytes a
 * block.
 *
 * Invariant: `used`, reservations included, never grows past `quota`.
 */
export class BlockIndex {
  readonly quota: number
  readonly #grain: number
  readonly #table = new DigestTable()
  /** 0: not held, the slot exists for its pins. */
  #sizes = new Uint32Array(INITIAL_SLOTS)
  #pins = new Uint32Array(INITIAL_SLOTS)
  /** Ring of held unpinned blocks from the least to the most recently used, of slot + 1; 0 is its head. */
  #next = new Uint32Array(INITIAL_SLOTS)
  #previous = new Uint32Array(INITIAL_SLOTS)
  #used = 0
  #evictable = 0

  /** @param grain bytes that every block is rounded up to in `used` */
  constructor (quota: number, grain: number) {
    this.quota = quota
    this.#grain = grain
  }

  get used (): number {
    return this.#used
  }

  has (digest: Uint8Array): boolean {
    return this.find(digest) !== -1
  }

  /** Slot of a held block, −1 when it is not held. */
  find (digest: Uint8Array): number {
    const slot = this.#table.find(digest)
    return slot !== -1 && this.#sizes[slot] !== 0 ? slot : -1
  }

  size (slot: number): number {
    return this.#sizes[slot] as number
  }

  /** Marks as used just now. */
  touch (slot: number): void {
    if (this.#pins[slot] !== 0) return
    this.#unlink(slot)
    this.#link(slot)
  }

  /** The next to go, unless it is used before. */
  demote (digest: Uint8Array): void {
    const slot = this.find(digest)
    if (slot === -1 || this.#pins[slot] !== 0) return
    this.#unlink(slot)
    this.#link(slot, 0)
  }

  /**
   * Takes room for a block of `size` bytes. Returns what has to be deleted for it, which is not held any more.
   *
   * @param batch when anything has to go, so much goes at once, if there is so much, to make the next calls cheap
   * @throws StoreFullError when all that is held is pinned or just being written
   */
  reserve (size: number, batch = 0): Victim[] {
    const cost = this.#cost(size)
    const missing = this.#used + cost - this.quota
    if (missing > this.#evictable) {
      throw new StoreFullError(`the store is full: no room for a block of ${size} bytes, ${this.#used} of ${this.quota} bytes are used and ` +
        `${this.#used - this.#evictable} of them pinned; raise the quota or unpin content`)
    }
    const victims = missing > 0 ? this.evict(Math.max(missing, batch)) : []
    this.#used += cost
    return victims
  }

  /** What was reserved is not needed any more. */
  cancel (size: number): void {
    this.#used -= this.#cost(size)
  }

  /** What was reserved is held now. Returns its slot. */
  commit (digest: Uint8Array, size: number): number {
    this.cancel(size)
    return this.add(digest, size)
  }

  /** Enters a block that is there already, whatever the quota says. */
  add (digest: Uint8Array, size: number): number {
    const slot = this.#slot(digest)
    this.#sizes[slot] = size
    this.#used += this.#cost(size)
    if (this.#pins[slot] === 0) {
      this.#evictable += this.#cost(size)
      this.#link(slot)
    }
    return slot
  }

  remove (slot: number): void {
    const cost = this.#cost(this.size(slot))
    this.#used -= cost
    this.#sizes[slot] = 0
    if (this.#pins[slot] === 0) {
      this.#evictable -= cost
      this.#unlink(slot)
      this.#table.remove(slot)
    }
  }

  /** Removes the least recently used unpinned blocks of at least `bytes` together, or all of them. */
  evict (bytes: number): Victim[] {
    const victims: Victim[] = []
    let freed = 0
    while (freed < bytes && this.#next[0] !== 0) {
      const slot = (this.#next[0] as number) - 1
      const victim = { digest: this.#table.digest(slot), size: this.size(slot), slot }
      this.remove(slot)
      freed += this.#cost(victim.size)
      victims.push(victim)
    }
    return victims
  }

  /** Works before the block is held, too. */
  pin (digest: Uint8Array): void {
    const slot = this.#slot(digest)
    if (this.#pins[slot] === 0 && this.#sizes[slot] !== 0) {
      this.#evictable -= this.#cost(this.size(slot))
      this.#unlink(slot)
    }
    this.#pins[slot] = (this.#pins[slot] as number) + 1
  }

  unpin (digest: Uint8Array): void {
    const slot = this.#table.find(digest)
    if (slot === -1 || this.#pins[slot] === 0) return
    this.#pins[slot] = (this.#pins[slot] as number) - 1
    if (this.#pins[slot] !== 0) return
    if (this.#sizes[slot] === 0) {
      this.#table.remove(slot)
    } else {
      this.#evictable += this.#cost(this.size(slot))
      this.#link(slot)
    }
  }

  #slot (digest: Uint8Array): number {
    const found = this.#table.find(digest)
    if (found !== -1) return found
    const slot = this.#table.add(digest)
    this.#sizes = withPlace(this.#sizes, slot)
    this.#pins = withPlace(this.#pins, slot)
    this.#next = withPlace(this.#next, slot + 1)
    this.#previous = withPlace(this.#previous, slot + 1)
    this.#sizes[slot] = 0
    this.#pins[slot] = 0
    return slot
  }

  #cost (size: number): number {
    return Math.ceil(size / this.#grain) * this.#grain
  }

  /** @param previous its place is behind this one of the ring; the last by default */
  #link (slot: number, previous = this.#previous[0] as number): void {
    const next = this.#next[previous] as number
    this.#next[previous] = slot + 1
    this.#previous[slot + 1] = previous
    this.#next[slot + 1] = next
    this.#previous[next] = slot + 1
  }

  #unlink (slot: number): void {
    const next = this.#next[slot + 1] as number
    const previous = this.#previous[slot + 1] as number
    this.#next[previous] = next
    this.#previous[next] = previous
  }
}
