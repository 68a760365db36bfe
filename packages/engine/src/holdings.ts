import { toHex } from '@shoal/base'
import type { BlockRef, BlockStore, PutOptions, VerifiedBlock } from '@shoal/interface'
import { PENDING_WRITE_BYTES } from './defaults.js'

export interface HoldOptions extends PutOptions {
  /** @default the store's */
  readonly write?: ((block: VerifiedBlock) => Promise<void>) | undefined
}

/**
 * Blocks on their way to disk are held, readable and counted here until they are written, so that nobody waits for the disk and nothing is
 * read back that is still in memory. Shared by all contents of a node.
 */
export class Holdings {
  readonly #store: BlockStore
  readonly #writing = new Map<string, { readonly block: VerifiedBlock, readonly written: Promise<void> }>()
  #bytes = 0
  #full = false
  /** There is room again. */
  onroom: (() => void) | undefined

  constructor (store: BlockStore) {
    this.#store = store
  }

  /** So much waits to be written that nothing more should be asked for. */
  get full (): boolean {
    return this.#full
  }

  has (digest: Uint8Array): boolean {
    return this.#store.has(digest) || (this.#writing.size > 0 && this.#writing.has(toHex(digest)))
  }

  async get (ref: BlockRef): Promise<VerifiedBlock | undefined> {
    return (this.#writing.size > 0 ? this.#writing.get(toHex(ref.digest))?.block : undefined) ?? await this.#store.get(ref)
  }

  /** Never evict it: a manifest's own block. */
  pin (block: VerifiedBlock): void {
    this.#store.pin(block.digest)
  }

  unpin (block: VerifiedBlock): void {
    this.#store.unpin(block.digest)
  }

  /** Resolves when it is not on its way to disk any more, whether it got there or not. */
  async written (digest: Uint8Array): Promise<void> {
    await this.#writing.get(toHex(digest))?.written.catch(() => {})
  }

  /** Writes by `write`, or into the store. @throws StoreFullError, StoreError */
  async put (block: VerifiedBlock, { write, ttl }: HoldOptions = {}): Promise<void> {
    const key = toHex(block.digest)
    const written = write === undefined ? this.#store.put(block, { ttl }) : write(block)
    this.#writing.set(key, { block, written })
    this.#bytes += block.bytes.byteLength
    this.#full ||= this.#bytes > PENDING_WRITE_BYTES
    try {
      await written
    } finally {
      this.#writing.delete(key)
      this.#bytes -= block.bytes.byteLength
      if (this.#full && this.#bytes < PENDING_WRITE_BYTES / 2) {
        this.#full = false
        this.onroom?.()
      }
    }
  }
}
