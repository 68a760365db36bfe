import { Bits, population } from './bits.js'
import { RUN_BLOCKS } from './defaults.js'
import type { Peer } from './peer.js'

/** Upper ends of the rarity levels: exact where it matters, coarse where it does not. */
const RARITY = [1, 2, 3, 5, 8, 16, Infinity]
/** The rarity level of so many holders, the last for all above. */
const RANKS = Uint8Array.from({ length: 18 }, (_, holders) => RARITY.findIndex(top => holders <= top))
/** Two levels per rarity (even: all blocks of the run alike), then one for runs that a peer is working on. */
export const LEVELS = 2 * RARITY.length + 1
const OWNED = LEVELS - 1
const NONE = -1

/**
 * The index of missing wanted blocks, by run: up to 8 consecutive blocks of one segment, a *slot* each, one bit per block. Flat arrays, so
 * that a content of 80,000 blocks or of 10,000 segments is ten thousand slots and a block's change touches one of them. Every slot with an
 * open block (wanted, nobody asked for it) lies in the bit set of its rarity level; drawing the rarest run that a peer has is the
 * intersection of the levels, in turn, with the peer's own bit set: a few hundred word operations at the largest.
 */
export class Board {
  /** Slots in use or free lie below this. */
  size = 0
  segments = new Int32Array(64)
  runs = new Int32Array(64)
  /** Missing and wanted; asked of a peer; asked of the origin. */
  wanted = new Uint8Array(64)
  flying = new Uint8Array(64)
  origin = new Uint8Array(64)
  /** The open blocks when `refresh` last looked. */
  #open = new Uint8Array(64)
  #level = new Int8Array(64)
  /** Joined peers that hold each block, and those of them that do not withhold it. */
  #counts = new Uint16Array(64 * RUN_BLOCKS)
  #givers = new Uint16Array(64 * RUN_BLOCKS)
  readonly #owner: (Peer | undefined)[] = []
  readonly #free: number[] = []
  readonly #slots = new Map<number, { slots: Int32Array, live: number }>()
  readonly levels = Array.from({ length: LEVELS }, () => new Bits())
  /** Slots with an open block that no joined peer holds. */
  readonly orphans = new Bits()
  /** Slots in use. */
  live = 0
  /** Slots of which a block opened since peers last looked: those that found nothing to do look again. */
  opened: number[] = []

  slot (segment: number, run: number): number {
    return this.#slots.get(segment)?.slots[run] ?? NONE
  }

  /** The slots of a segment by run, -1 where nothing is missing; `undefined` when nothing is missing at all. */
  slotsOf (segment: number): Int32Array | undefined {
    return this.#slots.get(segment)?.slots
  }

  /** @param runs of the segment */
  allocate (segment: number, run: number, runs: number): number {
    const slot = this.#free.pop() ?? this.size++
    if (slot >= this.wanted.length) this.#grow()
    let entry = this.#slots.get(segment)
    if (entry === undefined) this.#slots.set(segment, entry = { slots: new Int32Array(runs).fill(NONE), live: 0 })
    entry.slots[run] = slot
    entry.live++
    this.live++
    this.segments[slot] = segment
    this.runs[slot] = run
    this.#level[slot] = NONE
    return slot
  }

  /** Takes the slot out of use: every block of it is settled. */
  free (slot: number): void {
    const segment = this.segments[slot] as number
    this.live--
    this.#owner[slot] = undefined
    const entry = this.#slots.get(segment)
    if (entry !== undefined) {
      entry.slots[this.runs[slot] as number] = NONE
      if (--entry.live === 0) this.#slots.delete(segment)
    }
    this.#free.push(slot)
  }

  /** Blocks that are wanted and that nobody was asked for. */
  open (slot: number): number {
    return (this.wanted[slot] as number) & ~((this.flying[slot] as number) | (this.origin[slot] as number))
  }

  /** Joined peers that hold the block. */
  holders (slot: number, bit: number): number {
    return this.#counts[slot * RUN_BLOCKS + bit] as number
  }

  /** Those of them that do not withhold what they hold: a copy that nobody gets is no copy. */
  givers (slot: number, bit: number): number {
    return this.#givers[slot * RUN_BLOCKS + bit] as number
  }

  /** Of the blocks in `mask`, those that no joined peer holds. */
  unheld (slot: number, mask: number): number {
    let none = 0
    for (let bit = 0; bit < RUN_BLOCKS; bit++) if ((mask >>> bit & 1) === 1 && this.holders(slot, bit) === 0) none |= 1 << bit
    return none
  }

  /** A peer's holdings in this run change from one mask to another. @param gives it does not withhold them */
  count (slot: number, before: number, after: number, gives: boolean): void {
    tally(this.#counts, slot, before, after)
    if (gives) tally(this.#givers, slot, before, after)
    this.refresh(slot)
  }

  /** A peer begins to withhold what it holds of this run, or does so no more. */
  withhold (slot: number, held: number, withholds: boolean): void {
    tally(this.#givers, slot, withholds ? held : 0, withholds ? 0 : held)
    this.refresh(slot)
  }

  /** Nobody's holding of this block matters any more. */
  settle (slot: number, bit: number): void {
    const rest = ~(1 << bit)
    this.wanted[slot] = (this.wanted[slot] as number) & rest
    this.flying[slot] = (this.flying[slot] as number) & rest
    this.origin[slot] = (this.origin[slot] as number) & rest
    this.#counts[slot * RUN_BLOCKS + bit] = this.#givers[slot * RUN_BLOCKS + bit] = 0
    this.refresh(slot)
  }

  owner (slot: number): Peer | undefined {
    return this.#owner[slot]
  }

  own (slot: number, peer: Peer | undefined): void {
    this.#owner[slot] = peer
    this.refresh(slot)
  }

  /** Some block that a joined peer holds is open. */
  get available (): boolean {
    return this.levels.some(level => level.count > 0)
  }

  /** Puts the slot where its open blocks and their holders say. Call after every change of them. */
  refresh (slot: number): void {
    const open = this.open(slot)
    if ((open & ~(this.#open[slot] as number)) !== 0) this.opened.push(slot)
    this.#open[slot] = open
    let least = Infinity
    let sum = 0
    let held = 0
    for (let rest = open; rest !== 0; rest &= rest - 1) {
      const bit = 31 - Math.clz32(rest & -rest)
      if (this.holders(slot, bit) === 0) continue
      const givers = Math.max(1, this.givers(slot, bit))
      held++
      sum += givers
      if (givers < least) least = givers
    }
    if (population(open) > held) this.orphans.add(slot)
    else this.orphans.delete(slot)
    let level = NONE
    // a run that some neighbour has begun comes after untouched ones of the same rarity: neighbours spread over the runs of a lone seeder
    const rank = RANKS[Math.min(least, 17)] as number
    if (held > 0) level = this.#owner[slot] !== undefined ? OWNED : 2 * rank + (sum > least * held ? 1 : 0)
    const before = this.#level[slot] as number
    if (before === level) return
    if (before !== NONE) this.levels[before]?.delete(slot)
    if (level !== NONE) this.levels[level]?.add(slot)
    this.#level[slot] = level
  }

  #grow (): void {
    const to = 2 * this.wanted.length
    this.segments = grown(this.segments, new Int32Array(to))
    this.runs = grown(this.runs, new Int32Array(to))
    this.wanted = grown(this.wanted, new Uint8Array(to))
    this.flying = grown(this.flying, new Uint8Array(to))
    this.origin = grown(this.origin, new Uint8Array(to))
    this.#open = grown(this.#open, new Uint8Array(to))
    this.#level = grown(this.#level, new Int8Array(to))
    this.#counts = grown(this.#counts, new Uint16Array(to * RUN_BLOCKS))
    this.#givers = grown(this.#givers, new Uint16Array(to * RUN_BLOCKS))
  }
}

/** One peer's holdings in a run change from one mask to another. */
function tally (counts: Uint16Array, slot: number, before: number, after: number): void {
  for (let changed = before ^ after; changed !== 0; changed &= changed - 1) {
    const bit = 31 - Math.clz32(changed & -changed)
    const at = slot * RUN_BLOCKS + bit
    counts[at] = (counts[at] as number) + ((after >>> bit & 1) === 1 ? 1 : -1)
  }
}

function grown<T extends { set (from: T): void }> (from: T, to: T): T {
  to.set(from)
  return to
}
