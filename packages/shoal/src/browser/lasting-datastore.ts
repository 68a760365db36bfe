import { IDBDatastore } from 'datastore-idb'
import { Key, type Batch, type KeyQuery, type Pair, type Query } from 'interface-datastore'

type Options = Parameters<IDBDatastore['get']>[1]

const ANY = new Key('/any')
const TAKEN_AWAY = /\b(?:InvalidState|Abort|Unknown)Error\b/
/** Times that opening is tried again. */
const REOPENINGS = 5

/**
 * Records in IndexedDB, opened anew when the browser took the database away: its user cleared the data of the site, or room was needed.
 * What was in it is gone then.
 */
export class LastingDatastore extends IDBDatastore {
  #opening: Promise<void> | undefined

  override async put (key: Key, value: Uint8Array, options?: Options): Promise<Key> {
    return await this.#again(() => super.put(key, value, options), options)
  }

  override async get (key: Key, options?: Options): Promise<Uint8Array> {
    return await this.#again(() => super.get(key, options), options)
  }

  override async has (key: Key, options?: Options): Promise<boolean> {
    return await this.#again(() => super.has(key, options), options)
  }

  override async delete (key: Key, options?: Options): Promise<void> {
    await this.#again(() => super.delete(key, options), options)
  }

  override batch (): Batch {
    const batch = super.batch()
    return {
      put: (key, value) => { batch.put(key, value) },
      delete: key => { batch.delete(key) },
      commit: async options => { await this.#again(async () => { await batch.commit(options) }, options) }
    }
  }

  override async * query (query: Query, options?: Options): AsyncGenerator<Pair> {
    await this.has(ANY, options)
    yield * super.query(query, options)
  }

  override async * queryKeys (query: KeyQuery, options?: Options): AsyncGenerator<Key> {
    await this.has(ANY, options)
    yield * super.queryKeys(query, options)
  }

  async #again<T> (work: () => Promise<T>, options: Options): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (options?.signal?.aborted === true || !isTakenAway(error)) throw error
      this.#opening ??= this.#reopen().finally(() => { this.#opening = undefined })
      await this.#opening
      return await work()
    }
  }

  /** While the browser is still at it, it refuses. */
  async #reopen (): Promise<void> {
    // the error may have been about one request only
    await this.close()
    for (let left = REOPENINGS; ; left--) {
      try {
        await this.open()
        return
      } catch (error) {
        if (left === 0) throw error
      }
    }
  }
}

/** Of a database that is closed, or that was while it worked: an exception, or its name in an error of the library. */
function isTakenAway (error: unknown): boolean {
  return error instanceof Error && TAKEN_AWAY.test(`${error.name} ${error.message}`)
}
