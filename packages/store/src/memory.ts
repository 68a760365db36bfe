import { systemClock, type Clock } from '@shoal/base'
import type { BlockRef, BlockStore, Collected, CollectOptions, PutOptions, StoreEvent, VerifiedBlock } from '@shoal/interface'
import { BlockIndex, type Victim } from './block-index.js'
import { COLLECT_BLOCKS, MEMORY_GRAIN_BYTES } from './defaults.js'
import { Expiry } from './expiry.js'

export interface MemoryStoreInit {
  /** Bytes held at most; each block counts as a multiple of 512. */
  quota: number
  /** Seconds that a block is kept when `put` does not say. @default unlimited */
  ttl?: number | undefined
  /** @default the system's */
  clock?: Clock | undefined
}

/** Blocks in memory. Keeps what it was given, so nothing is hashed again. */
export function memoryStore (init: MemoryStoreInit): BlockStore {
  return new MemoryStore(init)
}

class MemoryStore implements BlockStore {
  onevent: ((event: StoreEvent) => void) | undefined
  readonly #index: BlockIndex
  readonly #clock: Clock
  readonly #expiry: Expiry
  /** By slot of the index. */
  readonly #blocks: (VerifiedBlock | undefined)[] = []

  constructor ({ quota, ttl, clock = systemClock }: MemoryStoreInit) {
    this.#index = new BlockIndex(quota, MEMORY_GRAIN_BYTES)
    this.#clock = clock
    this.#expiry = new Expiry(clock, ttl)
  }

  get used (): number {
    return this.#index.used
  }

  get quota (): number {
    return this.#index.quota
  }

  async open (): Promise<void> {}

  async close (): Promise<void> {}

  has (digest: Uint8Array): boolean {
    return this.#index.has(digest)
  }

  async get (ref: BlockRef): Promise<VerifiedBlock | undefined> {
    const slot = this.#index.find(ref.digest)
    if (slot === -1 || (ref.size !== undefined && ref.size !== this.#index.size(slot))) return undefined
    this.#index.touch(slot)
    return this.#blocks[slot]
  }

  async put (block: VerifiedBlock, { ttl }: PutOptions = {}): Promise<void> {
    const expiry = this.#expiry.of(ttl)
    const held = this.#index.find(block.digest)
    if (held !== -1) {
      this.#index.touch(held)
      this.#index.extend(held, expiry)
      return
    }
    const size = block.bytes.byteLength
    this.#forget(this.#index.reserve(size, this.#expiry.now()))
    this.#blocks[this.#index.commit(block.digest, size, expiry)] = block
  }

  async delete (digest: Uint8Array): Promise<void> {
    const slot = this.#index.find(digest)
    if (slot === -1) return
    this.#index.remove(slot)
    this.#blocks[slot] = undefined
  }

  async collect ({ keep = Infinity }: CollectOptions = {}): Promise<Collected> {
    let blocks = 0
    const before = this.used
    for (;;) {
      const now = this.#expiry.now()
      const victims = this.#index.expired(now, COLLECT_BLOCKS)
      if (victims.length === 0) victims.push(...this.#index.evict(now, { needed: 0, wanted: this.used - keep, blocks: COLLECT_BLOCKS }))
      if (victims.length === 0) return { blocks, bytes: before - this.used }
      blocks += victims.length
      this.#forget(victims)
      // others have their turn
      await new Promise<void>(resolve => { this.#clock.after(0, resolve) })
    }
  }

  pin (digest: Uint8Array): void {
    this.#index.pin(digest)
  }

  unpin (digest: Uint8Array): void {
    this.#index.unpin(digest)
  }

  pinned (digest: Uint8Array): boolean {
    return this.#index.pins(digest) > 0
  }

  demote (digest: Uint8Array): void {
    this.#index.demote(digest)
  }

  promote (digest: Uint8Array): void {
    this.#index.promote(digest)
  }

  #forget (victims: readonly Victim[]): void {
    if (victims.length === 0) return
    for (const { slot } of victims) this.#blocks[slot] = undefined
    this.onevent?.({ type: 'evicted', digests: victims.map(victim => victim.digest) })
  }
}
