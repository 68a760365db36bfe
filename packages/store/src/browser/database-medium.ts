import { systemClock, toHex } from '@shoal/base'
import { StoreError, StoreFullError } from '@shoal/interface'
import { blockName, parseBlockName } from '../block-name.js'
import { DISK_PAGE_BYTES } from '../defaults.js'
import type { Medium, MediumListener, MediumStoreInit } from '../medium-store.js'
import { hearNews, type BlockNews } from './block-news.js'
import { isShared, TabPins, type PinNews } from './tab-pins.js'

const BLOCKS = 'blocks'
/** Has one number, under its own name: bytes of all blocks, as the quota counts them. */
const USED = 'used'
const NOTHING = new Uint8Array(0)

interface Change {
  readonly digest: Uint8Array
  readonly name: string
  readonly kind: 'put' | 'extend' | 'remove'
  /** Of what is put. */
  readonly bytes: Uint8Array
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** What a tab tells the others of the same database. */
interface News extends BlockNews {
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

  constructor (name: string, { quota, clock = systemClock }: Pick<MediumStoreInit, 'quota' | 'clock'>) {
    this.#name = name
    this.#quota = quota
    this.#pins = new TabPins(sharedName(name), clock)
  }

  /** Removes a database that no tab has open. */
  static async discard (name: string): Promise<void> {
    if (!await isShared(sharedName(name))) await result(indexedDB.deleteDatabase(name)).catch(() => {})
  }

  async open (listener: MediumListener): Promise<void> {
    this.#listener = listener
    this.#channel = new BroadcastChannel(sharedName(this.#name))
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
      return value === undefined || value instanceof Uint8Array ? value : NOTHING
    } catch (error) {
      // The value's file is gone or cannot be read.
      if (error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'NotReadableError' || error.name === 'DataError')) {
        return NOTHING
      }
      throw failure(error, `reading ${this.where(digest, size)}`)
    }
  }

  async write (digest: Uint8Array, bytes: Uint8Array, expiry: number): Promise<void> {
    // A view is stored with all of the buffer that it is a view of.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
    await this.#change('put', digest, blockName(digest, bytes.byteLength, expiry), own)
  }

  async extend (digest: Uint8Array, size: number, expiry: number): Promise<void> {
    await this.#change('extend', digest, blockName(digest, size, expiry))
  }

  async remove (digest: Uint8Array, size: number): Promise<void> {
    await this.#change('remove', digest, blockName(digest, size))
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

  #change (kind: Change['kind'], digest: Uint8Array, name: string, bytes: Uint8Array = NOTHING): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void => { reject(failure(error, `writing to the database ${this.#name}`)) }
      this.#changes.push({ kind, digest, name, bytes, done: resolve, failed })
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
        const named = (wanted: Change['kind']): string[] => made.filter(({ kind }) => kind === wanted).map(({ name }) => name)
        this.#tell({ put: named('put'), extended: named('extend'), removed: named('remove') })
        for (const { done } of made) done()
        for (const { failed } of refused) failed(new StoreFullError(`other pages took the ${this.#quota} bytes that the store may have; raise the quota`))
      } catch (error) {
        // a quota of the browser's that is hit undoes the whole batch, and what was to make room must go all the same
        const removals = changes.filter(({ kind }) => kind === 'remove')
        const alone = removals.length === changes.length
        if (!alone) this.#changes.unshift(...removals)
        for (const { kind, failed } of changes) if (alone || kind !== 'remove') failed(error)
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
        const { kind, digest, name, bytes } = change
        const key = there[i]
        const lying = parseBlockName(key)
        if (kind === 'remove') {
          if (lying !== undefined) used -= costOf(lying.size)
          blocks.delete(rangeOf(digest))
        } else if (kind === 'extend') {
          if (key === undefined) continue
          const value = await result<unknown>(blocks.get(key))
          blocks.delete(key)
          blocks.put(value, name)
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

  #hear ({ pins, ...news }: News): void {
    if (pins !== undefined) this.#pins.hear(pins)
    if (this.#listener !== undefined) hearNews(news, this.#listener)
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

/** Of all that the tabs of a database share. */
function sharedName (name: string): string {
  return `shoal-store:${name}`
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
