import { toHex } from '@shoal/base'
import { verifyBlock } from '@shoal/content'
import {
  BlockMismatchError, StoreError, StoreFullError, type BlockRef, type BlockStore, type StoreEvent, type VerifiedBlock
} from '@shoal/interface'
import { BlockIndex, type Victim } from './block-index.js'
import { DISK_PAGE_BYTES, EVICTION_BATCH_BYTES, FULL_DISK_RETRIES } from './defaults.js'

/** Where blocks outlive the process. Never called twice at the same time for one block, but for `read`. */
export interface Medium {
  /** Takes possession and calls `found` for every block, by name alone. @throws DataInUseError, StoreError */
  open (found: (digest: Uint8Array, size: number) => void): Promise<void>
  close (): Promise<void>
  /**
   * What lies there, right or wrong; `undefined` when nothing does or it cannot be read. @throws StoreError when that says nothing of the
   * block
   */
  read (digest: Uint8Array, size: number): Promise<Uint8Array | undefined>
  /** Writes all of it or nothing. @throws StoreFullError when the medium is full, StoreError */
  write (digest: Uint8Array, bytes: Uint8Array): Promise<void>
  /** @throws StoreError */
  remove (digest: Uint8Array, size: number): Promise<void>
  /** Names a block's place, for people. */
  where (digest: Uint8Array, size: number): string
}

/**
 * A store over a medium: quota, pins and eviction by the index in memory; one write or deletion of a block at a time; every block hashed
 * when it is read. What was not used since the store was opened is evicted first, in no particular order.
 */
export class MediumStore implements BlockStore {
  onevent: ((event: StoreEvent) => void) | undefined
  readonly #medium: Medium
  readonly #index: BlockIndex
  /** Writes and deletions under way, by digest in hex. */
  readonly #jobs = new Map<string, Promise<void>>()
  /** The last time that a full medium was cleared, and how often that was. */
  #clearing: Promise<void> = Promise.resolve()
  #clearances = 0
  #isOpen = false

  constructor (medium: Medium, quota: number) {
    this.#medium = medium
    this.#index = new BlockIndex(quota, DISK_PAGE_BYTES)
  }

  get used (): number {
    return this.#index.used
  }

  get quota (): number {
    return this.#index.quota
  }

  async open (): Promise<void> {
    await this.#medium.open((digest, size) => {
      if (!this.#index.has(digest)) this.#index.add(digest, size)
    })
    try {
      await this.#discard(this.#index.evict(this.#index.used - this.#index.quota))
      this.#isOpen = true
    } catch (error) {
      await this.#medium.close()
      throw error
    }
  }

  async close (): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    while (this.#jobs.size > 0) await Promise.allSettled(this.#jobs.values())
    await this.#medium.close()
  }

  has (digest: Uint8Array): boolean {
    return this.#index.has(digest)
  }

  async get (ref: BlockRef): Promise<VerifiedBlock | undefined> {
    const { digest } = ref
    const slot = this.#index.find(digest)
    if (slot === -1) return undefined
    const size = this.#index.size(slot)
    // Same digest, other length: the reference is wrong, not the block.
    if (ref.size !== undefined && ref.size !== size) return undefined
    this.#assertOpen()
    this.#index.touch(slot)
    const bytes = await this.#medium.read(digest, size)
    try {
      if (bytes !== undefined) return await verifyBlock({ digest, size }, bytes)
    } catch (error) {
      if (!(error instanceof BlockMismatchError)) throw error
    }
    // Unless it was deleted while it was read.
    if (this.#index.has(digest)) {
      const where = this.#medium.where(digest, size)
      await this.delete(digest)
      this.onevent?.({ type: 'corrupt', digest, where })
    }
    return undefined
  }

  async put (block: VerifiedBlock): Promise<void> {
    const { digest } = block
    const key = toHex(digest)
    for (let job = this.#jobs.get(key); job !== undefined; job = this.#jobs.get(key)) await job
    const held = this.#index.find(digest)
    if (held !== -1) {
      this.#index.touch(held)
      return
    }
    this.#assertOpen()
    await this.#run(key, this.#write(block))
  }

  async delete (digest: Uint8Array): Promise<void> {
    const key = toHex(digest)
    await this.#jobs.get(key)?.catch(() => {})
    const slot = this.#index.find(digest)
    if (slot === -1) return
    this.#assertOpen()
    const size = this.#index.size(slot)
    this.#index.remove(slot)
    await this.#run(key, this.#medium.remove(digest, size))
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

  async #write ({ digest, bytes }: VerifiedBlock): Promise<void> {
    const size = bytes.byteLength
    const victims = this.#index.reserve(size, Math.min(EVICTION_BATCH_BYTES, this.quota / 4))
    try {
      await this.#discard(victims)
      for (let retries = 0; ; retries++) {
        const clearances = this.#clearances
        try {
          await this.#medium.write(digest, bytes)
          break
        } catch (error) {
          // The medium is full though the quota is not: somebody else's data. Older blocks make room as long as there are any.
          if (!(error instanceof StoreFullError) || retries === FULL_DISK_RETRIES) throw error
          if (this.#clearances === clearances && !this.#clear()) throw error
          await this.#clearing
        }
      }
    } catch (error) {
      this.#index.cancel(size)
      throw error
    }
    this.#index.commit(digest, size)
  }

  /** Starts to make room on a full medium, once for all who found it full at the same time. False when nothing can go. */
  #clear (): boolean {
    const victims = this.#index.evict(EVICTION_BATCH_BYTES)
    if (victims.length === 0) return false
    this.#clearances++
    this.#clearing = this.#discard(victims)
    return true
  }

  /** Deletes what the index gave up already. */
  async #discard (victims: readonly Victim[]): Promise<void> {
    if (victims.length === 0) return
    this.onevent?.({ type: 'evicted', digests: victims.map(victim => victim.digest) })
    await Promise.all(victims.map(({ digest, size }) => this.#run(toHex(digest), this.#medium.remove(digest, size))))
  }

  /** No job of the same key is under way. */
  async #run (key: string, work: Promise<void>): Promise<void> {
    const job = work.finally(() => { this.#jobs.delete(key) })
    this.#jobs.set(key, job)
    await job
  }

  #assertOpen (): void {
    if (!this.#isOpen) throw new StoreError('the store is not open; call open() first')
  }
}
