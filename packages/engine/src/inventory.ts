import { blockLength, type Blocks } from '@shoal/content'
import type { HaveMap, Manifest, Segment, VerifiedBlock } from '@shoal/interface'
import { PURGE_STEP_SEGMENTS } from './defaults.js'
import type { Holdings } from './holdings.js'
import type { Withheld } from './withheld.js'

/** What an inventory tells its delivery. */
export interface InventoryHost {
  /** The store had this block. */
  readonly found: (segment: number, block: number) => void
  /** This block is gone, and whoever waits for it needs it again. */
  readonly lost: (segment: number, block: number) => void
  /** There is something to tell the neighbours; `now`: worth telling at once. */
  readonly changed: (now?: boolean) => void
}

/** Counts of a segment, kept when its page of the manifest is not. */
interface Shape extends Blocks { readonly blocks: number }

/** What of one content is held here, in step with the store, which evicts and loses blocks without knowing whose they are. */
export class Inventory {
  readonly have: HaveMap
  /** Bytes held, of those known to be held. */
  held = 0
  readonly #manifest: Manifest
  readonly #holdings: Holdings
  readonly #withheld: Withheld
  readonly #host: InventoryHost
  readonly #shapes = new Map<number, Shape>()

  constructor (manifest: Manifest, have: HaveMap, holdings: Holdings, withheld: Withheld, host: InventoryHost) {
    this.#withheld = withheld
    this.#manifest = manifest
    this.have = have
    this.#holdings = holdings
    this.#host = host
  }

  /** Blocks of a segment; 0 while its page has never been loaded. */
  blocks (segment: number): number {
    return this.#shape(segment)?.blocks ?? 0
  }

  /** Bytes of a block; 0 while its segment's page has never been loaded. */
  size (segment: number, block: number): number {
    const shape = this.#shape(segment)
    return shape === undefined ? 0 : blockLength(shape, block)
  }

  /** A block came. Returns whether it was missing: what is withheld never is. */
  add (segment: number, block: number): boolean {
    if (this.#withheld.has(segment) || !this.have.add(segment, block, this.blocks(segment))) return false
    this.held += this.size(segment, block)
    this.#host.changed(this.have.complete(segment))
    return true
  }

  /** The store may have it from before, or from another content, or have lost it. */
  lookUp (segment: Segment, block: number): void {
    const stored = this.#holdings.has(this.#manifest.block(segment.index, block).digest)
    if (stored && this.add(segment.index, block)) this.#host.found(segment.index, block)
    // evicted, and not noticed yet
    if (!stored && this.forget(segment.index, block)) this.#host.lost(segment.index, block)
  }

  /** A block that is held; `undefined` when it turned out not to be. */
  async load (segment: number, block: number): Promise<VerifiedBlock | undefined> {
    // its page may have made room for others
    await this.#manifest.segment(segment)
    const verified = await this.#holdings.get(this.#manifest.block(segment, block))
    if (verified === undefined && this.forget(segment, block)) this.#host.lost(segment, block)
    return verified
  }

  /** It is not held any more. Returns whether it was. */
  forget (segment: number, block: number): boolean {
    if (!this.have.has(segment, block)) return false
    this.have.remove(segment, block, this.blocks(segment))
    this.held -= this.size(segment, block)
    this.#host.changed()
    return true
  }

  /** A segment has left a live content's window, or was purged. */
  retire (segment: number): void {
    const shape = this.#shape(segment)
    for (let block = 0; block < (shape?.blocks ?? 0); block++) if (this.have.has(segment, block)) this.held -= this.size(segment, block)
    this.#shapes.delete(segment)
    if (this.have.drop(segment)) this.#host.changed()
  }

  /** Segments of which something is held; `pause` lets others have their turn. */
  async * begun (pause: () => Promise<void>): AsyncGenerator<Segment> {
    yield * this.#which(index => this.have.some(index), pause)
  }

  /** Those of which the store may have something, looked up or not: all whose pages are here. */
  async * known (pause: () => Promise<void>): AsyncGenerator<Segment> {
    yield * this.#which(index => this.have.some(index) || this.#manifest.peek(index) !== undefined ||
      this.#manifest.pagesOf(index).every(({ digest }) => this.#holdings.has(digest)), pause)
  }

  async * #which (wanted: (index: number) => boolean, pause: () => Promise<void>): AsyncGenerator<Segment> {
    const { live, segments } = this.#manifest.summary
    if (live !== undefined) {
      for await (const segment of this.#manifest.segments()) if (wanted(segment.index)) yield segment
      return
    }
    for (let index = 0; index < segments; index++) {
      if (index % PURGE_STEP_SEGMENTS === PURGE_STEP_SEGMENTS - 1) await pause()
      if (wanted(index)) yield this.#manifest.peek(index) ?? await this.#manifest.segment(index)
    }
  }

  /** Compares with the store, which has lost something. Returns how many blocks are gone. */
  async recheck (signal?: AbortSignal): Promise<number> {
    let gone = 0
    for await (const segment of this.#manifest.segments(signal)) {
      if (!this.have.some(segment.index)) continue
      for (let block = 0; block < segment.blocks; block++) {
        if (!this.have.has(segment.index, block) || this.#holdings.has(this.#manifest.block(segment.index, block).digest)) continue
        if (!this.forget(segment.index, block)) continue
        this.#host.lost(segment.index, block)
        gone++
      }
    }
    return gone
  }

  #shape (segment: number): Shape | undefined {
    const known = this.#shapes.get(segment)
    if (known !== undefined) return known
    const found = this.#manifest.peek(segment)
    if (found !== undefined) this.#shapes.set(segment, { blocks: found.blocks, size: found.size, offsets: found.offsets })
    return found
  }
}
