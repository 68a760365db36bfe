import { Purged, type Purge } from '@shoal/content'
import { BoundedMap } from '@shoal/base'
import { PurgedError, type Manifest, type Segment } from '@shoal/interface'
import { SEGMENTS_JUDGED } from './defaults.js'

/** What of one content its publisher has purged: never read, served, announced or fetched. */
export class Withheld {
  readonly #manifest: Manifest
  /** Segments that have been looked at, for what is served is looked at block by block. */
  #known = new BoundedMap<number, boolean>(SEGMENTS_JUDGED)
  #purge: Purge | undefined
  #purged: Purged | undefined

  constructor (manifest: Manifest) {
    this.#manifest = manifest
  }

  /** Another list counts. */
  set (purge: Purge): void {
    this.#known = new BoundedMap(SEGMENTS_JUDGED)
    this.#purge = purge
    this.#purged = new Purged(purge)
  }

  /** Is this segment purged? Of one whose page is not loaded nothing is known, and nothing is given without its page. */
  has (index: number): boolean {
    if (this.#purged === undefined) return false
    let known = this.#known.get(index)
    if (known !== undefined) return known
    const segment = this.#manifest.peek(index)
    if (segment === undefined) return false
    known = this.#purged.has(segment)
    this.#known.set(index, known)
    return known
  }

  /** Why this segment is not to be had, if it is purged. */
  fault (segment: Segment): PurgedError | undefined {
    if (this.#purged?.has(segment) !== true) return undefined
    return this.#error(JSON.stringify(segment.path))
  }

  /** Why the content is not to be had as a whole, if anything of it is purged. */
  get incomplete (): PurgedError | undefined {
    if (this.#purge === undefined) return undefined
    return this.#error(this.#purge.all ? 'all' : 'a part')
  }

  #error (what: string): PurgedError {
    const { name } = this.#manifest.summary
    const reason = this.#purge?.reason ?? ''
    return new PurgedError(`${what} of ${JSON.stringify(name)} was purged by its publisher${reason === '' ? '' : `: ${reason}`}`)
  }
}
