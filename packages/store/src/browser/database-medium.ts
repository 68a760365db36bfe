import { toHex } from '@shoal/base'
import { StoreError, StoreFullError } from '@shoal/interface'
import { blockName, parseBlockName } from '../block-name.js'
import { DISK_PAGE_BYTES } from '../defaults.js'
import type { Medium, MediumListener } from '../medium-store.js'
import { TabPins, type PinNews } from './tab-pins.js'

const BLOCKS = 'blocks'
/** Has one number, under its own name: bytes of all blocks, as the quota counts them. */
const USED = 'used'

interface Change {
  readonly digest: Uint8Array
  readonly name: string
  /** `undefined`: delete. */
  readonly bytes: Uint8Array | undefined
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** What a tab tells the others of the same database. */
interface News {
  /** Names of blocks that are there, or are not there, any more. */
  readonly put?: readonly string[]
  readonly removed?: readonly string[]
  readonly pins?: PinNews
}

/**
 * IndexedDB with the block's name as key, so that the keys alone are an index with sizes. Changes that come while a transaction runs go
 * into the next one together: a transaction costs more than a block. All tabs that have the database open share one quota: the sum of
 * bytes lies in the database and changes in the same transaction as the blocks. Each tells the others what it changed.
 */
export class DatabaseMedium implements Medium {
  readonly #name: string
  readonly #quota: number
  readonly #pins: TabPins
  #listener: MediumListener | undefined
  #database: Promise<IDBDatabase> | undefined
  #channel: BroadcastChannel | undefined
  #changes: Change[] = []
  #committing = false

  constructor (name: string, quota: number) {
    this.#name = name
    this.#quota = quota
    this.#pins = new TabPins(`shoal-store:${name}`)
  }

  async open (listener: MediumListener): Promise<void> {
    this.#listener = listener
    this.#channel = new BroadcastChannel(`shoal-store:${this.#name}`)
    this.#channel.onmessage = ({ data }: MessageEvent<News>) => { this.#hear(data) }
    try {
      // first, so that nothing is evicted that another tab has pinned
      await this.#pins.open({ send: pins => { this.#tell({ pins }) }, pinned: listener.pinned, unpinned: listener.unpinned })
      const transaction = (await this.#connect()).transaction([BLOCKS, USED], 'readwrite')
      let used = 0
      for (const key of await result(transaction.objectStore(BLOCKS).getAllKeys())) {
        const block = parseBlockName(key)
        if (block === undefined) continue
        used += costOf(block.size)
        listener.found(block.digest, block.size, block.expiry)
      }
      transaction.objectStore(USED).put(used, USED)
    } catch (error) {
      await this.close()
      throw failure(error, `opening the database ${this.#name}`)
    }
  }

  async close (): Promise<void> {
    this.#pins.close()
    this.#channel?.close()
    this.#channel = undefined
    this.#listener = undefined
    const database = await this.#database?.catch(() => undefined)
    this.#database = undefined
    database?.close()
  }

  async read (digest: Uint8Array, size: number): Promise<Uint8Array | undefined> {
    try {
      const blocks = (await this.#connect()).transaction(BLOCKS).objectStore(BLOCKS)
      const value: unknown = await result(blocks.get(rangeOf(digest)))
      return value instanceof Uint8Array ? value : undefined
    } catch (error) {
      // The value's file is gone or cannot be read.
      if (error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'NotReadableError' || error.name === 'DataError')) {
        return undefined
      }
      throw failure(error, `reading ${this.where(digest, size)}`)
    }
  }

  async write (digest: Uint8Array, bytes: Uint8Array, expiry: number): Promise<void> {
    // A view is stored with all of the buffer that it is a view of.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
    await this.#change(digest, blockName(digest, bytes.byteLength, expiry), own)
  }

  async remove (digest: Uint8Array, size: number): Promise<void> {
    await this.#change(digest, blockName(digest, size), undefined)
  }

  pin (digest: Uint8Array): void {
    this.#pins.pin(digest)
  }

  unpin (digest: Uint8Array): void {
    this.#pins.unpin(digest)
  }

  where (digest: Uint8Array, size: number): string {
    return `${this.#name}/${blockName(digest, size)}`
  }

  #change (digest: Uint8Array, name: string, bytes: Uint8Array | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void => { reject(failure(error, `writing to the database ${this.#name}`)) }
      this.#changes.push({ digest, name, bytes, done: resolve, failed })
      if (!this.#committing) void this.#commit()
    })
  }

  async #commit (): Promise<void> {
    this.#committing = true
    // Those that come in the same turn belong together.
    await Promise.resolve()
    while (this.#changes.length > 0) {
      const changes = this.#changes
      this.#changes = []
      try {
        const refused = await this.#transact(changes)
        const made = changes.filter(change => !refused.has(change))
        const named = (put: boolean): string[] => made.filter(({ bytes }) => (bytes !== undefined) === put).map(({ name }) => name)
        this.#tell({ put: named(true), removed: named(false) })
        for (const { done } of made) done()
        for (const { failed } of refused) failed(new StoreFullError(`other pages took the ${this.#quota} bytes that the store may have; raise the quota`))
      } catch (error) {
        // a quota of the browser's that is hit undoes the whole batch, and what was to make room must go all the same
        const removals = changes.filter(({ bytes }) => bytes === undefined)
        const alone = removals.length === changes.length
        if (!alone) this.#changes.unshift(...removals)
        for (const { bytes, failed } of changes) if (alone || bytes !== undefined) failed(error)
      }
    }
    this.#committing = false
  }

  /** All of them but those for which there is no room; these are returned. */
  async #transact (changes: readonly Change[]): Promise<Set<Change>> {
    // Relaxed: the system flushes when it likes, for what is lost is fetched again.
    const transaction = (await this.#connect()).transaction([BLOCKS, USED], 'readwrite', { durability: 'relaxed' })
    const { promise, resolve, reject } = Promise.withResolvers<Set<Change>>()
    const refused = new Set<Change>()
    transaction.oncomplete = () => { resolve(refused) }
    transaction.onabort = () => { reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError')) }
    const blocks = transaction.objectStore(BLOCKS)
    const sum = transaction.objectStore(USED)
    const apply = async (): Promise<void> => {
      // asked for in one go: each answer is a turn of its own
      const asked = changes.map(({ digest }) => result(blocks.getKey(rangeOf(digest))))
      let used = Number(await result<unknown>(sum.get(USED)) ?? 0)
      const there = await Promise.all(asked)
      for (const [i, change] of changes.entries()) {
        const { digest, name, bytes } = change
        const lying = parseBlockName(there[i])
        if (bytes === undefined) {
          if (lying !== undefined) used -= costOf(lying.size)
          blocks.delete(rangeOf(digest))
        } else if (lying === undefined && used + costOf(bytes.byteLength) > this.#quota) {
          refused.add(change)
        } else if (lying === undefined) {
          used += costOf(bytes.byteLength)
          blocks.put(bytes, name)
        }
      }
      sum.put(used, USED)
    }
    apply().catch((error: unknown) => {
      reject(error as Error)
      try {
        transaction.abort()
      } catch {
        // it is over already
      }
    })
    return await promise
  }

  #tell (news: News): void {
    this.#channel?.postMessage(news)
  }

  #hear ({ put = [], removed = [], pins }: News): void {
    if (pins !== undefined) this.#pins.hear(pins)
    for (const name of put) {
      const block = parseBlockName(name)
      if (block !== undefined) this.#listener?.found(block.digest, block.size, block.expiry)
    }
    for (const name of removed) {
      const block = parseBlockName(name)
      if (block !== undefined) this.#listener?.gone(block.digest)
    }
  }

  /** The database; opened anew when the browser took it away. */
  #connect (): Promise<IDBDatabase> {
    if (this.#listener === undefined) throw new StoreError(`the database ${this.#name} is not open; call open() first`)
    this.#database ??= this.#openDatabase()
    this.#database.catch(() => { this.#database = undefined })
    return this.#database
  }

  async #openDatabase (): Promise<IDBDatabase> {
    const request = indexedDB.open(this.#name, 2)
    request.onupgradeneeded = () => {
      for (const name of [BLOCKS, USED]) if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name)
    }
    const database = await result(request)
    const lost = (): void => {
      this.#database = undefined
      this.#listener?.lost()
    }
    // The user clears the data of the site, or the browser evicts it: do not stand in the way.
    database.onversionchange = () => {
      database.close()
      lost()
    }
    database.onclose = lost
    return database
  }
}

/** Every key of a block, whatever its size and expiry. */
function rangeOf (digest: Uint8Array): IDBKeyRange {
  const hex = toHex(digest)
  return IDBKeyRange.bound(`${hex}.`, `${hex}/`)
}

function costOf (size: number): number {
  return Math.ceil(size / DISK_PAGE_BYTES) * DISK_PAGE_BYTES
}

function result<T> (request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error ?? new DOMException('the request failed', 'UnknownError')) }
  })
}

function failure (error: unknown, doing: string): StoreError | StoreFullError {
  if (error instanceof StoreError || error instanceof StoreFullError) return error
  if (error instanceof DOMException && error.name === 'QuotaExceededError') {
    return new StoreFullError(`the browser gives no more room while ${doing}; lower the quota or free some space`, { cause: error })
  }
  return new StoreError(`failed while ${doing}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
