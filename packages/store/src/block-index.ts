import { StoreFullError } from '@shoal/interface'
import { DigestTable, withPlace } from './digest-table.js'
import { ExpiryQueue } from './expiry-queue.js'

/** A block that has to go to make room. */
export interface Victim {
  readonly digest: Uint8Array
  readonly size: number
  readonly slot: number
}

/** What one step of making room may take. */
export interface Clearance {
  /** Bytes that have to be freed, if there is so much. */
  readonly needed: number
  /** Bytes worth freeing at the same time. @default `needed` */
  readonly wanted?: number
  /** Blocks at most, beyond what is needed. @default no bound */
  readonly blocks?: number
}

/** The block does not expire. */
export const NEVER = 0

const INITIAL_SLOTS = 64

/**
 * What a store holds, by digest: sizes, pins, expiry, the order in which blocks go, and the quota. No I/O and no clock: a store reserves
 * room before it writes and commits when it has written; times are seconds since 1970. Each block has a slot, a small number, under which
 * its owner may keep what belongs to it. About 80 bytes a block.
 *
 * Blocks go in this order: expired ones, the earliest first; demoted ones, the last first; the others from the least recently used, where a
 * promoted one is passed over once. Pinned blocks never go, whatever else they are.
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
  #expiries = new Uint32Array(INITIAL_SLOTS)
  /** 1: promoted. */
  #rare = new Uint8Array(INITIAL_SLOTS)
  /** Ring of held unpinned blocks from the first to the last to go, of slot + 1; 0 is its head. */
  #next = new Uint32Array(INITIAL_SLOTS)
  #previous = new Uint32Array(INITIAL_SLOTS)
  readonly #queue = new ExpiryQueue((slot, at) => this.#expiries[slot] === at && this.#sizes[slot] !== 0 && this.#pins[slot] === 0)
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

  /** The later of two expiries holds. False when that is the one that was known. */
  extend (slot: number, expiry: number): boolean {
    const known = this.#expiries[slot] as number
    if (known === NEVER || (expiry !== NEVER && expiry <= known)) return false
    this.#expire(slot, expiry)
    return true
  }

  /** The next to go of those that have not expired, unless it is used before. */
  demote (digest: Uint8Array): void {
    const slot = this.find(digest)
    if (slot === -1) return
    this.#rare[slot] = 0
    if (this.#pins[slot] !== 0) return
    this.#unlink(slot)
    this.#link(slot, 0)
  }

  /** Passed over once when its turn to go comes. */
  promote (digest: Uint8Array): void {
    const slot = this.find(digest)
    if (slot !== -1) this.#rare[slot] = 1
  }

  /**
   * Takes room for a block of `size` bytes. Returns what has to be deleted for it, which is not held any more.
   *
   * @param clearance when anything has to go, so much goes at once, to make the next calls cheap
   * @throws StoreFullError when all that is held is pinned or just being written
   */
  reserve (size: number, now: number, clearance: Omit<Clearance, 'needed'> = {}): Victim[] {
    const cost = this.cost(size)
    const needed = this.#used + cost - this.quota
    if (needed > this.#evictable) {
      throw new StoreFullError(`the store is full: no room for a block of ${size} bytes, ${this.#used} of ${this.quota} bytes are used and ` +
        `${this.#used - this.#evictable} of them pinned; raise the quota or unpin content`)
    }
    const victims = needed > 0 ? this.evict(now, { needed, ...clearance }) : []
    this.#used += cost
    return victims
  }

  /** What was reserved is not needed any more. */
  cancel (size: number): void {
    this.#used -= this.cost(size)
  }

  /** What was reserved is held now. Returns its slot. */
  commit (digest: Uint8Array, size: number, expiry = NEVER): number {
    this.cancel(size)
    return this.add(digest, size, expiry)
  }

  /** Enters a block that is there already, whatever the quota says. */
  add (digest: Uint8Array, size: number, expiry = NEVER): number {
    const slot = this.#slot(digest)
    const cost = this.cost(size)
    this.#sizes[slot] = size
    this.#rare[slot] = 0
    this.#used += cost
    if (this.#pins[slot] === 0) {
      this.#evictable += cost
      this.#link(slot)
    }
    this.#expire(slot, expiry)
    return slot
  }

  remove (slot: number): void {
    const cost = this.cost(this.size(slot))
    this.#used -= cost
    this.#sizes[slot] = 0
    if (this.#pins[slot] === 0) {
      this.#evictable -= cost
      this.#unlink(slot)
      this.#table.remove(slot)
    }
  }

  /** Removes unpinned blocks in their order, as many as are needed and wanted, or all of them. */
  evict (now: number, { needed, wanted = needed, blocks = Infinity }: Clearance): Victim[] {
    const victims: Victim[] = []
    for (let freed = 0; freed < needed || (freed < wanted && victims.length < blocks);) {
      const slot = this.#first(now)
      if (slot === -1) break
      freed += this.cost(this.size(slot))
      victims.push(this.#takeOut(slot))
    }
    return victims
  }

  /** Removes unpinned blocks that have expired, at most so many. */
  expired (now: number, blocks: number): Victim[] {
    const victims: Victim[] = []
    for (let slot = 0; victims.length < blocks && (slot = this.#queue.take(now)) !== -1;) victims.push(this.#takeOut(slot))
    return victims
  }

  /** Of all that is held, in no particular order. */
  digests (): Uint8Array[] {
    return this.#table.slots().filter(slot => this.#sizes[slot] !== 0).map(slot => this.#table.digest(slot))
  }

  /** Works before the block is held, too. */
  pin (digest: Uint8Array): void {
    this.hold(this.#slot(digest))
  }

  unpin (digest: Uint8Array): void {
    const slot = this.#table.find(digest)
    if (slot !== -1) this.release(slot)
  }

  /** How often it is pinned, or held. */
  pins (digest: Uint8Array): number {
    const slot = this.#table.find(digest)
    return slot === -1 ? 0 : this.#pins[slot] as number
  }

  /** As `pin`, for as long as something is done with the block. */
  hold (slot: number): void {
    if (this.#pins[slot] === 0 && this.#sizes[slot] !== 0) {
      this.#evictable -= this.cost(this.size(slot))
      this.#unlink(slot)
    }
    this.#pins[slot] = (this.#pins[slot] as number) + 1
  }

  /** As `unpin`; the block counts as used just now. */
  release (slot: number): void {
    if (this.#pins[slot] === 0) return
    this.#pins[slot] = (this.#pins[slot] as number) - 1
    if (this.#pins[slot] !== 0) return
    if (this.#sizes[slot] === 0) {
      this.#table.remove(slot)
      return
    }
    this.#evictable += this.cost(this.size(slot))
    this.#link(slot)
    this.#expire(slot, this.#expiries[slot] as number)
  }

  /** Bytes that a block counts for. */
  cost (size: number): number {
    return Math.ceil(size / this.#grain) * this.#grain
  }

  /** The next to go, −1 when there is none. */
  #first (now: number): number {
    const expired = this.#queue.take(now)
    if (expired !== -1) return expired
    for (;;) {
      const slot = (this.#next[0] as number) - 1
      if (slot === -1 || this.#rare[slot] === 0) return slot
      this.#rare[slot] = 0
      this.touch(slot)
    }
  }

  #takeOut (slot: number): Victim {
    const victim = { digest: this.#table.digest(slot), size: this.size(slot), slot }
    this.remove(slot)
    return victim
  }

  #expire (slot: number, expiry: number): void {
    this.#expiries[slot] = expiry
    if (expiry !== NEVER && this.#pins[slot] === 0) this.#queue.add(slot, expiry)
  }

  #slot (digest: Uint8Array): number {
    const found = this.#table.find(digest)
    if (found !== -1) return found
    const slot = this.#table.add(digest)
    this.#sizes = withPlace(this.#sizes, slot)
    this.#pins = withPlace(this.#pins, slot)
    this.#expiries = withPlace(this.#expiries, slot)
    this.#rare = withPlace(this.#rare, slot)
    this.#next = withPlace(this.#next, slot + 1)
    this.#previous = withPlace(this.#previous, slot + 1)
    this.#sizes[slot] = 0
    this.#pins[slot] = 0
    this.#expiries[slot] = NEVER
    this.#rare[slot] = 0
    return slot
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
