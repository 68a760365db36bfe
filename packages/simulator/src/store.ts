import type { BlockRef, BlockStore, Collected, StoreEvent, VerifiedBlock } from '@shoal/interface'

/**
 * A store that keeps no bytes: all blocks of a world are made once and held there, a store knows which of them it has. The digest's own
 * object is the key, for manifests, blocks and stores of one world share it.
 */
export class VirtualStore implements BlockStore {
  readonly quota = Infinity
  used = 0
  onevent: ((event: StoreEvent) => void) | undefined
  readonly #blockOf: (digest: Uint8Array) => VerifiedBlock | undefined
  readonly #held = new Set<Uint8Array>()

  constructor (blockOf: (digest: Uint8Array) => VerifiedBlock | undefined) {
    this.#blockOf = blockOf
  }

  async open (): Promise<void> {}
  async close (): Promise<void> {}

  has (digest: Uint8Array): boolean {
    return this.#held.has(digest)
  }

  async get ({ digest }: BlockRef): Promise<VerifiedBlock | undefined> {
    return this.#held.has(digest) ? this.#blockOf(digest) : undefined
  }

  async put ({ digest, bytes }: VerifiedBlock): Promise<void> {
    if (this.#held.has(digest)) return
    this.#held.add(digest)
    this.used += bytes.byteLength
  }

  async delete (digest: Uint8Array): Promise<void> {
    if (this.#held.delete(digest)) this.used -= this.#blockOf(digest)?.bytes.byteLength ?? 0
  }

  pin (): void {}
  unpin (): void {}
  pinned (): boolean { return false }
  promote (): void {}

  /** What a live window has left behind is not needed by anybody. */
  demote (digest: Uint8Array): void {
    void this.delete(digest)
  }

  async collect (): Promise<Collected> {
    return { blocks: 0, bytes: 0 }
  }
}
