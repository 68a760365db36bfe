import { significantQuery } from '@shoal/base'
import type { Cutting } from './cutting.js'
import { joinUri } from './join-uri.js'
import { MAX_DURATION_MS } from './limits.js'

/** What a playlist or MPD says of a file. */
export interface MediaInfo {
  /** ms, of all the file's byte ranges together; an init segment has none. */
  readonly duration?: number | undefined
  /** Path of the media playlist; of a DASH representation that of the MPD, `#`, and its id. */
  readonly rendition: string
}

/** A part of a file that a player asks for by itself; without a range the whole file. */
export interface MediaRange {
  readonly path: string
  readonly offset?: number | undefined
  /** Bytes. */
  readonly length?: number | undefined
  readonly seconds?: number | undefined
}

/** Gathers what the playlists and MPDs of a presentation say of its files. */
export class MediaMap {
  /** Durations and renditions by path. A file of several renditions belongs to the first. */
  readonly info = new Map<string, MediaInfo>()
  /** Files that playlists name as keys. */
  readonly keys = new Set<string>()
  readonly #sizes: ReadonlyMap<string, number>
  readonly #significant: readonly string[]
  readonly #boundaries = new Map<string, Set<number>>()
  readonly #ranges = new Map<string, Set<number>>()

  /**
   * @param sizes bytes of each file by its path
   * @param significant names of query parameters that tell one file from another
   */
  constructor (sizes: ReadonlyMap<string, number>, significant: readonly string[] = []) {
    this.#sizes = sizes
    this.#significant = significant
  }

  /** The file that a playlist means by a URI: relative, percent-encoded or not, with or without a query. */
  resolve (from: string, uri: string): string | undefined {
    const path = joinUri(from, uri)
    if (path === undefined) return undefined
    const query = significantQuery(uri, this.#significant)
    if (this.#sizes.has(path + query)) return path + query
    try {
      const decoded = decodeURIComponent(path) + query
      return this.#sizes.has(decoded) ? decoded : undefined
    } catch {
      return undefined
    }
  }

  /** Bytes of a range. */
  lengthOf ({ path, length }: MediaRange): number {
    return length ?? this.#sizes.get(path) ?? 0
  }

  /** What a rendition plays of a file. Ranges of one file add up; one that is played twice counts once. */
  add (rendition: string, range: MediaRange): void {
    const { path, offset = 0, length } = range
    if (length !== undefined) this.cut(path, [offset, offset + length])
    const known = this.info.get(path)
    if (known !== undefined && known.rendition !== rendition) return
    let seen = this.#ranges.get(path)
    if (seen === undefined) this.#ranges.set(path, seen = new Set())
    const ms = Math.round((range.seconds ?? Number.NaN) * 1000)
    const sum = (known?.duration ?? 0) + ms
    if (seen.has(offset) || !(ms >= 0 && sum <= MAX_DURATION_MS)) {
      if (known === undefined) this.info.set(path, { duration: undefined, rendition })
      return
    }
    seen.add(offset)
    this.info.set(path, { duration: sum, rendition })
  }

  /** No leaf of this file goes across these offsets. */
  cut (path: string, offsets: readonly number[]): void {
    let boundaries = this.#boundaries.get(path)
    if (boundaries === undefined) this.#boundaries.set(path, boundaries = new Set())
    for (const offset of offsets) boundaries.add(offset)
  }

  /** How a file is cut when it is listed; `undefined` when nothing names it. */
  cutting (path: string): Cutting | undefined {
    const boundaries = this.#boundaries.get(path)
    if (boundaries === undefined) return this.info.has(path) ? { method: 'fixed' } : undefined
    const size = this.#sizes.get(path) ?? 0
    const inside = [...boundaries].filter(offset => Number.isSafeInteger(offset) && offset > 0 && offset < size)
    return { method: 'fixed', boundaries: inside.toSorted((a, b) => a - b) }
  }
}
