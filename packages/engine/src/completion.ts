import { raceSignal } from '@shoal/base'
import { StoreFullError, type BlockStore, type Manifest, type Segment } from '@shoal/interface'
import type { Swarm } from '@shoal/swarm'
import type { Inventory } from './inventory.js'
import type { SwarmStats } from './stats.js'
import type { ContentSink } from './types.js'

/** What a completion needs of the delivery that brings the blocks. */
interface Source {
  readonly manifest: Manifest
  readonly inventory: Inventory
  readonly swarm: Swarm
  /** Wants changed. */
  schedule (): void
}

/** Getting a whole content to one place: counts what is there until nothing is missing. */
export class Completion {
  readonly sink: ContentSink | undefined
  readonly #total: number
  readonly #onprogress: ((done: number, total: number) => void) | undefined
  readonly #missing = new Map<number, Set<number>>()
  readonly #result = Promise.withResolvers<void>()
  #listed = false
  #done = 0

  constructor (sink: ContentSink | undefined, total: number, onprogress: ((done: number, total: number) => void) | undefined) {
    this.sink = sink
    this.#total = total
    this.#onprogress = onprogress
    this.#result.promise.catch(() => {})
  }

  /** Wants what is missing, copies what is held but not in its place yet, and waits until everything is there. */
  async run (source: Source, store: BlockStore, stats: SwarmStats, signal: AbortSignal | undefined): Promise<void> {
    const { manifest, inventory, swarm } = source
    const wants: number[] = []
    let listed = 0
    try {
      for await (const segment of manifest.segments(signal)) {
        const copies = this.#expectSegment(source, segment, stats)
        listed += segment.size
        if (this.sink === undefined && listed - this.#done > store.quota) throw storeTooSmall(store, manifest, 'more is missing than fits')
        if (segment.blocks > 0) wants.push(swarm.want({ segment: segment.index, first: 0, end: segment.blocks, deadline: undefined }))
        source.schedule()
        for (const block of copies) await this.#copy(inventory, segment.index, block)
      }
      this.listed()
      await raceSignal(this.promise, signal)
      // a store that is too small made room for the last blocks by evicting the first
      const lost = this.sink === undefined ? await inventory.recheck(signal) : 0
      if (lost > 0) throw storeTooSmall(store, manifest, `${lost} of its ${manifest.summary.blocks} blocks had to make room for others`)
    } finally {
      for (const id of wants) swarm.unwant(id)
    }
  }

  /** Names the blocks of a segment that are missing; returns those that are held but not yet where they should be. */
  #expectSegment ({ manifest, inventory, swarm }: Source, segment: Segment, stats: SwarmStats): number[] {
    const copies: number[] = []
    for (let block = 0; block < segment.blocks; block++) {
      const ref = manifest.block(segment.index, block)
      if (this.sink?.has(segment.index, block) === true) {
        if (inventory.add(segment.index, block)) {
          stats.add({ kind: 'store' }, ref.size as number)
          swarm.delivered(segment.index, block, 'store')
        }
        this.count(ref.size as number)
        continue
      }
      inventory.lookUp(segment, block)
      const held = inventory.have.has(segment.index, block)
      if (held && this.sink === undefined) {
        this.count(ref.size as number)
        continue
      }
      this.expect(segment.index, block)
      if (held) copies.push(block)
    }
    return copies
  }

  async #copy (inventory: Inventory, segment: number, block: number): Promise<void> {
    const bytes = await inventory.load(segment, block)
    // lost meanwhile: it is wanted again, and comes like the others
    if (bytes === undefined) return
    await this.sink?.write(segment, block, bytes)
    this.arrived(segment, block, bytes.bytes.byteLength)
  }

  get promise (): Promise<void> {
    return this.#result.promise
  }

  /** This block has to get there yet. */
  expect (segment: number, block: number): void {
    let blocks = this.#missing.get(segment)
    if (blocks === undefined) this.#missing.set(segment, blocks = new Set())
    blocks.add(block)
  }

  /** It is there. */
  arrived (segment: number, block: number, bytes: number): void {
    const blocks = this.#missing.get(segment)
    if (blocks?.delete(block) !== true) return
    if (blocks.size === 0) this.#missing.delete(segment)
    this.count(bytes)
    this.#check()
  }

  /** Bytes that were there before. */
  count (bytes: number): void {
    this.#done += bytes
    this.#onprogress?.(this.#done, this.#total)
  }

  /** Every block has been named. */
  listed (): void {
    this.#listed = true
    this.#check()
  }

  fail (error: Error): void {
    this.#result.reject(error)
  }

  #check (): void {
    if (this.#listed && this.#missing.size === 0) this.#result.resolve()
  }
}

/** Why a whole content cannot be kept in the store. */
function storeTooSmall ({ quota }: BlockStore, { summary: { name, bytes } }: Manifest, why: string): StoreFullError {
  return new StoreFullError(
    `the store cannot keep ${JSON.stringify(name)} of ${bytes} bytes: ${why}. Its quota is ${quota} bytes: raise it, or free space on its disk`)
}
