import * as fs from 'node:fs/promises'
import { BoundedMap } from '@shoal/base'
import { StoreError } from '@shoal/interface'

interface Entry {
  readonly handle: fs.FileHandle
  users: number
  retired: boolean
}

/** Open files by path, at most `limit` beside those in use at the moment; the least recently used is closed first. */
export class HandleCache {
  readonly #entries: BoundedMap<string, Entry>
  readonly #opening = new Map<string, Promise<Entry>>()
  /** Work and closing under way. */
  readonly #pending = new Set<Promise<unknown>>()
  #closed = false

  constructor (limit: number) {
    this.#entries = new BoundedMap(limit, (_, entry) => { this.#retire(entry).catch(() => {}) })
  }

  /** Runs `work` on the file's handle, which stays open at least until it is done. @throws StoreError after `close` */
  async use<T> (path: string, flags: 'r' | 'r+', work: (handle: fs.FileHandle) => Promise<T>): Promise<T> {
    // a handle that nobody closes any more keeps a deleted file's space
    if (this.#closed) throw new StoreError(`${path} is not read or written any more: the store is closed`)
    return await this.#track(this.#use(path, flags, work))
  }

  async #use<T> (path: string, flags: 'r' | 'r+', work: (handle: fs.FileHandle) => Promise<T>): Promise<T> {
    // Not one for both: a handle that was opened for reading must not be found by a writer.
    const key = `${flags}:${path}`
    const entry = this.#entries.get(key) ?? await (this.#opening.get(key) ?? this.#open(key, path, flags))
    entry.users++
    try {
      return await work(entry.handle)
    } finally {
      entry.users--
      if (entry.retired) await this.#retire(entry)
    }
  }

  /**
   * Closes the file's handles as soon as nobody uses them: the path means another file from now on. Rejects when the system reports on
   * closing that what was written is lost, as network file systems do.
   */
  async forget (path: string): Promise<void> {
    await Promise.all([`r:${path}`, `r+:${path}`].map(async key => {
      const entry = this.#entries.get(key) ?? await this.#opening.get(key)?.catch(() => undefined)
      this.#entries.delete(key)
      if (entry !== undefined) await this.#retire(entry)
    }))
  }

  /** For good: opens nothing any more, and resolves when every handle is closed, those in use included. */
  async close (): Promise<void> {
    this.#closed = true
    await Promise.allSettled([...this.#opening.values()])
    for (const [key, entry] of [...this.#entries.entries()]) {
      this.#entries.delete(key)
      this.#retire(entry).catch(() => {})
    }
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending])
  }

  #open (key: string, path: string, flags: string): Promise<Entry> {
    const opening = (async () => {
      try {
        const entry = { handle: await fs.open(path, flags), users: 0, retired: false }
        this.#entries.set(key, entry)
        return entry
      } finally {
        this.#opening.delete(key)
      }
    })()
    this.#opening.set(key, opening)
    return opening
  }

  async #retire (entry: Entry): Promise<void> {
    entry.retired = true
    if (entry.users === 0) await this.#track(entry.handle.close())
  }

  async #track<T> (work: Promise<T>): Promise<T> {
    this.#pending.add(work)
    try {
      return await work
    } finally {
      this.#pending.delete(work)
    }
  }
}
