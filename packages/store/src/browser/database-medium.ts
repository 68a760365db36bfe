import { StoreError, StoreFullError } from '@shoal/interface'
import { blockName, parseBlockName } from '../block-name.js'
import type { Medium } from '../medium-store.js'

const BLOCKS = 'blocks'

interface Change {
  readonly key: string
  /** `undefined`: delete. */
  readonly bytes: Uint8Array | undefined
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/**
 * IndexedDB with the block's name as key, so that the keys alone are an index with sizes. Changes that come while a transaction runs go
 * into the next one together: a transaction costs more than a block.
 */
export class DatabaseMedium implements Medium {
  readonly #name: string
  #database: IDBDatabase | undefined
  #changes: Change[] = []
  #committing = false

  constructor (name: string) {
    this.#name = name
  }

  async open (found: (digest: Uint8Array, size: number) => void): Promise<void> {
    try {
      const request = indexedDB.open(this.#name, 1)
      request.onupgradeneeded = () => { request.result.createObjectStore(BLOCKS) }
      const database = await result(request)
      // Somebody deletes the database, the user clearing data for one: do not stand in the way.
      database.onversionchange = () => { database.close() }
      this.#database = database
      for (const key of await result(database.transaction(BLOCKS).objectStore(BLOCKS).getAllKeys())) {
        const block = typeof key === 'string' ? parseBlockName(key) : undefined
        if (block !== undefined) found(block.digest, block.size)
      }
    } catch (error) {
      throw failure(error, `opening the database ${this.#name}`)
    }
  }

  async close (): Promise<void> {
    this.#database?.close()
    this.#database = undefined
  }

  async read (digest: Uint8Array, size: number): Promise<Uint8Array | undefined> {
    try {
      const value: unknown = await result(this.#open().transaction(BLOCKS).objectStore(BLOCKS).get(blockName(digest, size)))
      return value instanceof Uint8Array ? value : undefined
    } catch (error) {
      // The value's file is gone or cannot be read.
      if (error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'NotReadableError' || error.name === 'DataError')) {
        return undefined
      }
      throw failure(error, `reading ${this.where(digest, size)}`)
    }
  }

  async write (digest: Uint8Array, bytes: Uint8Array): Promise<void> {
    // A view is stored with all of the buffer that it is a view of.
    await this.#change(blockName(digest, bytes.byteLength), bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice())
  }

  async remove (digest: Uint8Array, size: number): Promise<void> {
    await this.#change(blockName(digest, size), undefined)
  }

  where (digest: Uint8Array, size: number): string {
    return `${this.#name}/${blockName(digest, size)}`
  }

  #change (key: string, bytes: Uint8Array | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#changes.push({ key, bytes, done: resolve, failed: error => { reject(failure(error, `writing to the database ${this.#name}`)) } })
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
        await this.#transact(changes)
        for (const { done } of changes) done()
      } catch (error) {
        for (const { failed } of changes) failed(error)
      }
    }
    this.#committing = false
  }

  #transact (changes: readonly Change[]): Promise<void> {
    return new Promise((resolve, reject) => {
      // Relaxed: the system flushes when it likes, for what is lost is fetched again.
      const transaction = this.#open().transaction(BLOCKS, 'readwrite', { durability: 'relaxed' })
      transaction.oncomplete = () => { resolve() }
      transaction.onabort = () => { reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError')) }
      const blocks = transaction.objectStore(BLOCKS)
      try {
        for (const { key, bytes } of changes) {
          if (bytes === undefined) blocks.delete(key)
          else blocks.put(bytes, key)
        }
      } catch (error) {
        reject(error as Error)
        transaction.abort()
      }
    })
  }

  #open (): IDBDatabase {
    if (this.#database === undefined) throw new StoreError(`the database ${this.#name} is not open; call open() first`)
    return this.#database
  }
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
