import { systemClock, toHex, type Clock } from '@shoal/base'
import { verifyBlock } from '@shoal/content'
import {
  BlockMismatchError, StoreError, StoreFullError, type BlockRef, type BlockStore, type Collected, type CollectOptions, type PutOptions,
  type StoreEvent, type VerifiedBlock
} from '@shoal/interface'
import { BlockIndex, type Victim } from './block-index.js'
import { COLLECT_BLOCKS, DISK_PAGE_BYTES, EVICTION_BATCH_BYTES, FULL_DISK_RETRIES } from './defaults.js'
import { Expiry } from './expiry.js'

/** What a medium tells its store of blocks, at first and whenever others change them. */
export interface MediumListener {
  /** It lies there. `expiry` as it was written. */
  readonly found: (digest: Uint8Array, size: number, expiry: number) => void
  /** Somebody else wants it longer. */
  readonly extended: (digest: Uint8Array, expiry: number) => void
  /** Somebody else removed it. */
  readonly gone: (digest: Uint8Array) => void
  /** Nothing that lay there is there any more. */
  readonly lost: () => void
  /** Somebody else who has the same medium wants it kept, or no longer. */
  readonly pinned: (digest: Uint8Array) => void
  readonly unpinned: (digest: Uint8Array) => void
  /** It does not do what it should, or not as it should. `doing` reads as in "writing /a/b". */
  readonly failed: (error: Error, doing: string) => void
}

/** Where blocks outlive the process. Never called twice at the same time for one block, but for `read`. */
export interface Medium {
  /** Takes possession and tells of every block, by name alone. @throws DataInUseError, StoreError */
  open (listener: MediumListener): Promise<void>
  close (): Promise<void>
  /**
   * What lies there, right or wrong, empty when it cannot be read; `undefined` when nothing does, for somebody else has removed it.
   *
   * @throws StoreError when the failure says nothing of the block
   */
  read (digest: Uint8Array, size: number): Promise<Uint8Array | undefined>
  /**
   * Writes all of it or nothing. @throws StoreFullError when the medium is full, StoreError
   *
   * @param expiry seconds since 1970, 0: never
   */
  write (digest: Uint8Array, bytes: Uint8Array, expiry: number): Promise<void>
  /** Writes down that it expires later than it was said when it was written. @throws StoreError */
  extend (digest: Uint8Array, size: number, expiry: number): Promise<void>
  /** @throws StoreError */
  remove (digest: Uint8Array, size: number): Promise<void>
  /** A block was not what it should be: looks whether anything is there at all, and tells when it is not. @throws StoreError */
  look? (): Promise<void>
  /** The store was asked to keep it, or to let go of it: for those that several have at the same time. */
  pin? (digest: Uint8Array): void
  unpin? (digest: Uint8Array): void
  /** Names a block's place, for people. */
  where (digest: Uint8Array, size: number): string
}

export interface MediumStoreInit {
  /** Bytes at most; each block counts as a multiple of 4 KiB. */
  quota: number
  /** Seconds that a block is kept when `put` does not say. @default unlimited */
  ttl?: number | undefined
  /** @default the system's */
  clock?: Clock | undefined
}

/**
 * A store over a medium: quota, pins, expiry and eviction by the index in memory; one write or deletion of a block at a time; every block
 * hashed when it is read. What was not used since the store was opened is evicted first, in no particular order. Room is made in small
 * steps, so that no caller ever waits for more than it needs, and never at the cost of a block that is pinned, being written or being read.
 */
export class MediumStore implements BlockStore {
  readonly #medium: Medium
  readonly #index: BlockIndex
  readonly #expiry: Expiry
  /** Writes and deletions under way, by digest in hex. */
  readonly #jobs = new Map<string, Promise<void>>()
  /** Reads under way, by slot. */
  readonly #reads = new Map<number, number>()
  /** The last time that a full medium was cleared, and how often that was. */
  #clearing: Promise<void> = Promise.resolve()
  #clearances = 0
  #isOpen = false
  #onevent: ((event: StoreEvent) => void) | undefined
  /** What happened before anybody listened: while it was opened. */
  #untold: StoreEvent[] = []
  /** The last read failed, through no fault of its block. */
  #failing = false

  constructor (medium: Medium, { quota, ttl, clock = systemClock }: MediumStoreInit) {
    this.#medium = medium
    this.#index = new BlockIndex(quota, DISK_PAGE_BYTES)
    this.#expiry = new Expiry(clock, ttl)
  }

  get onevent (): ((event: StoreEvent) => void) | undefined {
    return this.#onevent
  }

  set onevent (listener: ((event: StoreEvent) => void) | undefined) {
    this.#onevent = listener
    if (listener !== undefined) for (const event of this.#untold.splice(0)) listener(event)
  }

  get used (): number {
    return this.#index.used
  }

  get quota (): number {
    return this.#index.quota
  }

  async open (): Promise<void> {
    await this.#medium.open({
      found: (digest, size, expiry) => {
        // of what we write or delete ourselves just now we know better
        if (!this.#index.has(digest) && !this.#isBusy(digest)) this.#index.add(digest, size, expiry)
      },
      extended: (digest, expiry) => {
        const slot = this.#index.find(digest)
        if (slot !== -1) this.#index.extend(slot, expiry)
      },
      gone: digest => { this.#forget([digest]) },
      lost: () => { this.#forget(this.#index.digests()) },
      pinned: digest => { this.#index.pin(digest) },
      unpinned: digest => { this.#index.unpin(digest) },
      failed: (error, doing) => {
        const event = { type: 'failed', error, doing } as const
        if (this.#onevent === undefined) this.#untold.push(event)
        else this.#onevent(event)
      }
    })
    this.#isOpen = true
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
    const slot = this.#index.find(ref.digest)
    if (slot === -1) return undefined
    const size = this.#index.size(slot)
    // Same digest, other length: the reference is wrong, not the block.
    if (ref.size !== undefined && ref.size !== size) return undefined
    this.#assertOpen()
    this.#index.hold(slot)
    this.#reads.set(slot, (this.#reads.get(slot) ?? 0) + 1)
    try {
      return await this.#read(ref.digest, size)
    } finally {
      const reads = this.#reads.get(slot) as number - 1
      if (reads > 0) this.#reads.set(slot, reads)
      else this.#reads.delete(slot)
      this.#index.release(slot)
    }
  }

  async put (block: VerifiedBlock, { ttl }: PutOptions = {}): Promise<void> {
    const { digest } = block
    const expiry = this.#expiry.of(ttl)
    const key = toHex(digest)
    for (let job = this.#jobs.get(key); job !== undefined; job = this.#jobs.get(key)) await job
    const held = this.#index.find(digest)
    if (held !== -1) {
      this.#index.touch(held)
      if (this.#index.extend(held, expiry)) await this.#run(key, this.#medium.extend(digest, this.#index.size(held), expiry))
      return
    }
    this.#assertOpen()
    await this.#run(key, this.#write(block, expiry))
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

  async collect ({ keep = Infinity }: CollectOptions = {}): Promise<Collected> {
    let blocks = 0
    let bytes = 0
    for (;;) {
      this.#assertOpen()
      const now = this.#expiry.now()
      const victims = this.#index.expired(now, COLLECT_BLOCKS)
      if (victims.length === 0) victims.push(...this.#index.evict(now, { needed: 0, wanted: this.used - keep, blocks: COLLECT_BLOCKS }))
      if (victims.length === 0) return { blocks, bytes }
      for (const { size } of victims) bytes += this.#index.cost(size)
      blocks += victims.length
      await this.#discard(victims)
    }
  }

  pin (digest: Uint8Array): void {
    this.#index.pin(digest)
    this.#medium.pin?.(digest)
  }

  unpin (digest: Uint8Array): void {
    this.#index.unpin(digest)
    this.#medium.unpin?.(digest)
  }

  pinned (digest: Uint8Array): boolean {
    // what is read right now is held as well
    return this.#index.pins(digest) > (this.#reads.get(this.#index.find(digest)) ?? 0)
  }

  demote (digest: Uint8Array): void {
    this.#index.demote(digest)
  }

  promote (digest: Uint8Array): void {
    this.#index.promote(digest)
  }

  async #read (digest: Uint8Array, size: number): Promise<VerifiedBlock | undefined> {
    let there = true
    try {
      const bytes = await this.#medium.read(digest, size)
      this.#failing = false
      there = bytes !== undefined
      if (bytes !== undefined) return await verifyBlock({ digest, size }, bytes)
    } catch (error) {
      if (error instanceof StoreError) {
        if (!this.#failing) this.onevent?.({ type: 'failed', error, doing: `reading ${this.#medium.where(digest, size)}` })
        this.#failing = true
        return undefined
      }
      if (!(error instanceof BlockMismatchError)) throw error
    }
    if (there) await this.#medium.look?.().catch(() => {})
    // Unless it was deleted while it was read, or all is gone.
    if (this.#index.has(digest)) {
      const where = this.#medium.where(digest, size)
      await this.delete(digest)
      // Another page may have removed it, whose word of that is still on its way.
      this.onevent?.(there ? { type: 'corrupt', digest, where } : { type: 'evicted', digests: [digest] })
    }
    return undefined
  }

  async #write ({ digest, bytes }: VerifiedBlock, expiry: number): Promise<void> {
    const size = bytes.byteLength
    // it was opened with a smaller quota than it had before
    if (this.used > this.quota) await this.collect({ keep: this.quota })
    const batch = { wanted: Math.min(EVICTION_BATCH_BYTES, this.quota / 4), blocks: COLLECT_BLOCKS }
    const victims = this.#index.reserve(size, this.#expiry.now(), batch)
    try {
      await this.#discard(victims)
      for (let retries = 0; ; retries++) {
        const clearances = this.#clearances
        try {
          await this.#medium.write(digest, bytes, expiry)
          break
        } catch (error) {
          // The medium is full though the quota is not: somebody else's data. Older blocks make room as long as there are any.
          if (!(error instanceof StoreFullError) || retries === FULL_DISK_RETRIES) throw error
          if (this.#clearances === clearances && !this.#clear(size)) throw error
          await this.#clearing
        }
      }
    } catch (error) {
      this.#index.cancel(size)
      throw error
    }
    // Another tab may have been faster.
    if (this.#index.has(digest)) this.#index.cancel(size)
    else this.#index.commit(digest, size, expiry)
  }

  /** Starts to make room on a full medium, once for all who found it full at the same time. False when nothing can go. */
  #clear (size: number): boolean {
    const victims = this.#index.evict(this.#expiry.now(), { needed: size, wanted: EVICTION_BATCH_BYTES, blocks: COLLECT_BLOCKS })
    if (victims.length === 0) return false
    this.#clearances++
    this.#clearing = this.#discard(victims)
    return true
  }

  /** Deletes what the index gave up already. */
  async #discard (victims: readonly Victim[]): Promise<void> {
    if (victims.length === 0) return
    this.onevent?.({ type: 'evicted', digests: victims.map(victim => victim.digest) })
    await Promise.all(victims.map(async ({ digest, size }) => {
      const key = toHex(digest)
      // a write of it may be under way still: another page's word makes a block of it before our own write ends
      const remove = (): Promise<void> => this.#medium.remove(digest, size)
      const before = this.#jobs.get(key)
      await this.#run(key, before === undefined ? remove() : before.catch(() => {}).then(remove))
    }))
  }

  /** The medium has lost them. */
  #forget (digests: readonly Uint8Array[]): void {
    const gone = digests.filter(digest => {
      const slot = this.#index.find(digest)
      if (slot !== -1) this.#index.remove(slot)
      return slot !== -1
    })
    if (gone.length > 0) this.onevent?.({ type: 'evicted', digests: gone })
  }

  /** No job of the same key is under way that `work` does not wait for. */
  async #run (key: string, work: Promise<void>): Promise<void> {
    const job: Promise<void> = work.finally(() => { if (this.#jobs.get(key) === job) this.#jobs.delete(key) })
    this.#jobs.set(key, job)
    await job
  }

  #isBusy (digest: Uint8Array): boolean {
    return this.#jobs.size > 0 && this.#jobs.has(toHex(digest))
  }

  #assertOpen (): void {
    if (!this.#isOpen) throw new StoreError('the store is not open; call open() first')
  }
}
