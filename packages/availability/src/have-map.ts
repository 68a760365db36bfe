import type { HaveDelta, PartialSegment, SegmentRun } from '@shoal/interface'
import { Bits, runsOf } from './bits.js'
import {
  LIVE_BLOCKS, LIVE_SEGMENTS, LIVE_SEGMENTS_END, MAX_BLOCKS, MAX_PARTIAL_SEGMENTS, MAX_SEGMENTS, PARTIAL_WINDOW_BYTES
} from './defaults.js'
import { Sparse } from './sparse.js'
import type { BoundedHaveMap, HaveBounds } from './types.js'

/**
 * A have-map. A complete segment costs one bit, a partial one a bit per block.
 *
 * In a delta `dropped` comes first, then `complete`, then `partial`: a segment that lost some of its blocks is dropped and what is left of
 * it named again. Runs rise and do not overlap; `apply` leaves out those that do, so a delta costs at most one pass over the bounds.
 *
 * Only local changes (`add`, `addSegment`, `remove`, `drop`) end up in `takeDelta`; what `apply` took over does not.
 */
export function createHaveMap (bounds: HaveBounds = {}): BoundedHaveMap {
  return new CompactHaveMap(bounds)
}

class CompactHaveMap implements BoundedHaveMap {
  #segments = 0
  #blocks = 0
  readonly #complete: Bits | Sparse
  /** Segments that may be named, in all and at a time. */
  readonly #most: number
  readonly #partial = new Map<number, Bits>()
  /** Bytes of all partial segments, for the bound on what peers may claim. */
  #partialBytes = 0

  /** Local changes since the last delta. What is in `#lost` is told anew as a whole. */
  #lost = new Set<number>()
  #completed = new Set<number>()
  #added = new Map<number, Bits>()

  constructor (bounds: HaveBounds) {
    const live = bounds.live === true
    this.#complete = live ? new Sparse() : new Bits()
    this.#most = live ? LIVE_SEGMENTS : Infinity
    this.#setBounds(live ? { segments: LIVE_SEGMENTS_END, blocks: LIVE_BLOCKS } : bounds)
  }

  get completeSegments (): number {
    return this.#complete.count
  }

  has (segment: number, block: number): boolean {
    return this.#complete.has(segment) || this.#partial.get(segment)?.has(block) === true
  }

  complete (segment: number): boolean {
    return this.#complete.has(segment)
  }

  some (segment: number): boolean {
    return this.#complete.has(segment) || this.#partial.has(segment)
  }

  add (segment: number, block: number, of: number): boolean {
    if (!this.#inside(segment, block) || block >= of || this.has(segment, block)) return false
    const held = this.#partialOf(segment, of)
    held.add(block)
    if (held.count >= of) return this.addSegment(segment)
    if (!this.#lost.has(segment)) {
      let added = this.#added.get(segment)
      if (added === undefined) this.#added.set(segment, added = new Bits(of))
      added.add(block)
    }
    return true
  }

  addSegment (segment: number): boolean {
    if (!this.#inside(segment, 0) || !this.#setComplete(segment)) return false
    this.#added.delete(segment)
    this.#lost.delete(segment)
    this.#completed.add(segment)
    return true
  }

  remove (segment: number, block: number, of: number): boolean {
    if (block >= of || !this.has(segment, block)) return false
    if (this.#complete.delete(segment) && of > 1) {
      const left = this.#partialOf(segment, of)
      for (let other = 0; other < of; other++) left.add(other)
    }
    const held = this.#partial.get(segment)
    held?.delete(block)
    if (held?.count === 0) this.#forgetPartial(segment)
    this.#markLost(segment)
    return true
  }

  drop (segment: number): boolean {
    if (!this.#clear(segment)) return false
    this.#markLost(segment)
    return true
  }

  apply ({ dropped, complete, partial }: HaveDelta): number[] {
    const told: number[] = []
    const before: number[] = []
    if (dropped !== undefined) this.#each(dropped, segment => { if (this.#clear(segment)) before.push(segment) })
    this.#each(complete, segment => { if (this.#setComplete(segment)) told.push(segment) })
    // a partial entry changes no complete segment, so only what was dropped, or comes in several, can be named twice
    const extended = partial.length > 1 ? new Set<number>() : undefined
    for (const part of partial) {
      if (!this.#applyPartial(part) || extended?.has(part.segment) === true) continue
      extended?.add(part.segment)
      told.push(part.segment)
    }
    return before.length === 0 ? told : told.length === 0 ? before : [...new Set([...before, ...told])]
  }

  snapshot (): HaveDelta {
    const partial: PartialSegment[] = []
    for (const segment of [...this.#partial.keys()].sort((a, b) => a - b)) partial.push(...windows(segment, this.#partial.get(segment)))
    return { complete: this.#complete.runs(), partial }
  }

  takeDelta (): HaveDelta | undefined {
    if (this.#lost.size === 0 && this.#completed.size === 0 && this.#added.size === 0) return undefined
    const partial: PartialSegment[] = []
    for (const segment of [...new Set([...this.#lost, ...this.#added.keys()])].sort((a, b) => a - b)) {
      partial.push(...windows(segment, this.#lost.has(segment) ? this.#partial.get(segment) : this.#added.get(segment)))
    }
    const complete = runsOf(this.#completed)
    const dropped = runsOf(this.#lost)
    this.#lost = new Set()
    this.#completed = new Set()
    this.#added = new Map()
    return dropped.length === 0 ? { complete, partial } : { complete, partial, dropped }
  }

  bound (bounds: HaveBounds): number[] {
    this.#setBounds(bounds)
    const touched: number[] = []
    for (const { start, count } of this.#complete.runs()) {
      for (let segment = Math.max(start, this.#segments); segment < start + count; segment++) touched.push(segment)
    }
    this.#complete.truncate(this.#segments)
    for (const [segment, held] of this.#partial) {
      const before = held.count
      this.#partialBytes -= held.bytes.byteLength
      held.truncate(segment < this.#segments ? this.#blocks : 0)
      this.#partialBytes += held.bytes.byteLength
      if (held.count < before) touched.push(segment)
      if (held.count === 0) this.#forgetPartial(segment)
    }
    return touched
  }

  #setBounds ({ segments = MAX_SEGMENTS, blocks = MAX_BLOCKS }: HaveBounds): void {
    this.#segments = segments
    this.#blocks = blocks
  }

  #inside (segment: number, block: number): boolean {
    return Number.isInteger(segment) && segment >= 0 && segment < this.#segments &&
      Number.isInteger(block) && block >= 0 && (block < this.#blocks || block === 0)
  }

  #setComplete (segment: number): boolean {
    if (this.#complete.count >= this.#most || !this.#complete.add(segment)) return false
    this.#forgetPartial(segment)
    return true
  }

  /** Removes every block of a segment, silently. */
  #clear (segment: number): boolean {
    return this.#complete.delete(segment) || this.#forgetPartial(segment)
  }

  #markLost (segment: number): void {
    this.#completed.delete(segment)
    this.#added.delete(segment)
    this.#lost.add(segment)
  }

  #partialOf (segment: number, of: number): Bits {
    let held = this.#partial.get(segment)
    if (held === undefined) this.#partial.set(segment, held = new Bits())
    this.#partialBytes -= held.bytes.byteLength
    held.grow(Math.min(of, this.#blocks))
    this.#partialBytes += held.bytes.byteLength
    return held
  }

  #forgetPartial (segment: number): boolean {
    const held = this.#partial.get(segment)
    if (held === undefined) return false
    this.#partialBytes -= held.bytes.byteLength
    return this.#partial.delete(segment)
  }

  #applyPartial ({ segment, first, bits }: PartialSegment): boolean {
    if (!this.#inside(segment, first) || first % 8 !== 0 || this.#complete.has(segment)) return false
    const end = Math.min(this.#blocks, first + 8 * bits.byteLength)
    let highest = -1
    for (let n = end - 1; n >= first && highest < 0; n--) if (bit(bits, n - first)) highest = n
    if (highest < 0 || !this.#affords(segment, highest)) return false
    const held = this.#partialOf(segment, highest + 1)
    const before = held.count
    for (let n = first; n <= highest; n++) if (bit(bits, n - first)) held.add(n)
    return held.count > before
  }

  /**
   * An honest peer's partial segments take a bit per block of the content together, a byte more for each segment, and up to twice that
   * because bits grow by doubling.
   */
  #affords (segment: number, highest: number): boolean {
    const held = this.#partial.get(segment)
    if (held === undefined && this.#partial.size >= Math.min(MAX_PARTIAL_SEGMENTS, this.#segments)) return false
    const has = held?.bytes.byteLength ?? 0
    const need = (highest >>> 3) + 1
    if (need <= has) return true
    const honest = (this.#blocks >>> 3) + 1 + Math.min(MAX_PARTIAL_SEGMENTS, this.#segments)
    return this.#partialBytes - has + Math.max(need, 2 * has) <= 2 * honest
  }

  /** Visits the segments of runs inside the bounds, each at most once. */
  #each (runs: readonly SegmentRun[], visit: (segment: number) => void): void {
    let next = 0
    let left = this.#most
    for (const { start, count } of runs) {
      if (!Number.isInteger(start) || !Number.isInteger(count)) continue
      const end = Math.min(this.#segments, start + count)
      for (let segment = Math.max(next, start); segment < end; segment++) {
        if (left-- <= 0) return
        visit(segment)
      }
      next = Math.max(next, end)
    }
  }
}

function bit (bits: Uint8Array, n: number): boolean {
  return ((bits[n >>> 3] as number) & (1 << (n & 7))) !== 0
}

/** A segment's bits as entries of bounded length, without the empty bytes at their ends. */
function windows (segment: number, held: Bits | undefined): PartialSegment[] {
  const parts: PartialSegment[] = []
  const bytes = held?.bytes ?? new Uint8Array(0)
  for (let from = 0; from < bytes.byteLength; from += PARTIAL_WINDOW_BYTES) {
    let first = from
    let end = Math.min(bytes.byteLength, from + PARTIAL_WINDOW_BYTES)
    while (first < end && bytes[first] === 0) first++
    while (end > first && bytes[end - 1] === 0) end--
    if (first < end) parts.push({ segment, first: 8 * first, bits: bytes.slice(first, end) })
  }
  return parts
}
