import type { Segment } from '@shoal/interface'
import type { PurgeList } from './purge.js'

/** Tells which segments a purge list names. */
export class Purged {
  readonly #all: boolean
  readonly #paths: ReadonlySet<string>
  readonly #cids: ReadonlySet<string>

  constructor ({ all, paths, cids }: Pick<PurgeList, 'all' | 'paths' | 'cids'>) {
    this.#all = all
    this.#paths = new Set(paths)
    this.#cids = new Set(cids)
  }

  has ({ path, cid }: Pick<Segment, 'path' | 'cid'>): boolean {
    if (this.#all || this.#paths.has(path) || this.#cids.has(cid)) return true
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      if (this.#paths.has(path.slice(0, slash + 1))) return true
    }
    return false
  }
}
