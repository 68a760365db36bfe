import { equalBytes } from '@shoal/base'
import type { WindowEntry } from '@shoal/content/live'

interface Item {
  readonly entry: WindowEntry
  /** Since when nothing lists it, ms on the injected clock. */
  left: number | undefined
}

/**
 * The segments of a live content that is published here, each with its number, and when they leave. What no playlist lists any more stays
 * for its own duration and that of the longest playlist (RFC 8216 §6.2.2), a version of a playlist for a target duration. Pure.
 */
export class Shelf {
  readonly #items = new Map<number, Item>()
  readonly #newest = new Map<string, number>()
  #next: number

  /** @param first number of the first segment */
  constructor (first: number) {
    this.#next = first
  }

  get entries (): readonly WindowEntry[] {
    return [...this.#items.values()].map(({ entry }) => entry)
  }

  /** The newest version of a path. */
  find (path: string): WindowEntry | undefined {
    return this.#items.get(this.#newest.get(path) ?? -1)?.entry
  }

  /** Adds what is new. A path that is there with the same bytes stays what it is; the version before it leaves. */
  add (file: Omit<WindowEntry, 'index'>, now: number): boolean {
    const before = this.#items.get(this.#newest.get(file.path) ?? -1)
    if (before?.entry.size === file.size && equalBytes(before.entry.leaves, file.leaves)) return false
    if (before !== undefined) before.left = now
    const entry = { ...file, index: this.#next++ }
    this.#items.set(entry.index, { entry, left: undefined })
    this.#newest.set(file.path, entry.index)
    return true
  }

  /**
   * Time has passed, and playlists list these paths now, themselves included. Returns what leaves.
   *
   * @param keepMs how long what is not listed stays, beyond its own duration
   * @param targetMs how long a version of a playlist stays after the next has come
   */
  sweep (listed: ReadonlySet<string>, now: number, { keepMs, targetMs }: { keepMs: number, targetMs: number }): WindowEntry[] {
    const gone: WindowEntry[] = []
    for (const [index, item] of this.#items) {
      const { entry } = item
      const current = this.#newest.get(entry.path) === index && listed.has(entry.path)
      item.left = current ? undefined : item.left ?? now
      if (item.left === undefined || now - item.left < (entry.playlist ? targetMs : keepMs + (entry.duration ?? 0))) continue
      this.drop(entry)
      gone.push(entry)
    }
    return gone
  }

  /** There is no room for it. */
  drop ({ index, path }: WindowEntry): void {
    this.#items.delete(index)
    if (this.#newest.get(path) === index) this.#newest.delete(path)
  }
}
