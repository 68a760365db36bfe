import type { BlockRef, BlockStore, StoreEvent, VerifiedBlock } from '@shoal/interface'
import { BlockIndex, type Victim } from './block-index.js'
import { MEMORY_GRAIN_BYTES } from './defaults.js'

export interface MemoryStoreInit {
  /** Bytes held at most; each block counts as a multiple of 512. */
  quota: number
}

/** Blocks in memory. Keeps what it was given, so nothing is hashed again; evicts what was not used for longest and is not pinned. */
export function memoryStore (init: MemoryStoreInit): BlockStore {
  return new MemoryStore(init.quota)
}

class MemoryStore implements BlockStore {
  onevent: ((event: StoreEvent) => void) | undefined
  readonly #index: BlockIndex
  /** By slot of the index. */
  readonly #blocks: (VerifiedBlock | undefined)[] = []

  constructor (quota: number) {
    this.#index = new BlockIndex(quota, MEMORY_GRAIN_BYTES)
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

  async put (block: VerifiedBlock): Promise<void> {
    const held = this.#index.find(block.digest)
    if (held !== -1) {
      this.#index.touch(held)
      return
    }
    const size = block.bytes.byteLength
    this.#forget(this.#index.reserve(size))
    this.#blocks[this.#index.commit(block.digest, size)] = block
  }

  async delete (digest: Uint8Array): Promise<void> {
    const slot = this.#index.find(digest)
    if (slot === -1) return
    this.#index.remove(slot)
    this.#blocks[slot] = undefined
  }

  pin (digest: Uint8Array): void {
    this.#index.pin(digest)
  }

  unpin (digest: Uint8Array): void {
    this.#index.unpin(digest)
  }

  demote (digest: Uint8Array): void {
    this.#index.demote(digest)
  }

  #forget (victims: readonly Victim[]): void {
    if (victims.length === 0) return
    for (const { slot } of victims) this.#blocks[slot] = undefined
    this.onevent?.({ type: 'evicted', digests: victims.map(victim => victim.digest) })
  }
}
