import { NotFoundError, type BlockRef, type ManifestSummary, type PeerName, type Policy, type Segment, type VerifiedBlock } from '@shoal/interface'
import { blockLength } from './block-range.js'
import { dagCborCid } from './cid.js'
import { withWindow } from './head.js'
import type { Accepted } from './head-log.js'
import { DIGEST_BYTES } from './limits.js'
import { show } from './manifest-fields.js'
import { toSegment, type OpenedManifest } from './paged-manifest.js'
import { totals, type WindowEntry } from './window.js'

/** What a moved window brought and took, by number. */
export interface WindowChange {
  readonly added: readonly Segment[]
  readonly retired: readonly Segment[]
  /** Blocks of those that are gone. */
  readonly gone: readonly BlockRef[]
}

/**
 * The manifest of a live content: its window, which moves. A segment keeps its number as long as it is there, and everything is loaded
 * always. `segments` gives the window of the moment at which it is called; of several versions of a path `find` gives the newest.
 */
export class LiveManifest implements OpenedManifest {
  readonly pageRefs: readonly BlockRef[] = []
  readonly #publisher: PeerName
  readonly #name: string
  #accepted: Accepted
  #root: VerifiedBlock
  #entries = new Map<number, WindowEntry>()
  #paths = new Map<string, number>()

  constructor (publisher: PeerName, name: string, accepted: Accepted, root: VerifiedBlock) {
    this.#publisher = publisher
    this.#name = name
    this.#accepted = accepted
    this.#root = root
    this.move(accepted, root)
  }

  get summary (): ManifestSummary {
    const { head: { sequence }, window: { ended, targetMs } } = this.#accepted
    const entries = [...this.#entries.values()]
    return {
      cid: dagCborCid(this.#root.digest).toString(),
      publisher: this.#publisher,
      name: this.#name,
      kind: 'directory',
      root: '',
      segments: entries.length,
      ...totals(entries),
      pages: 0,
      live: { ...sequence, ended, target: targetMs / 1000 }
    }
  }

  get root (): VerifiedBlock {
    return this.#root
  }

  /** The head as it travels. */
  get envelope (): Uint8Array {
    return withWindow(this.#accepted.head, this.#root.bytes)
  }

  get policy (): Policy {
    return this.#accepted.window.policy
  }

  get origins (): readonly string[] {
    return this.#accepted.window.origins
  }

  get createdAt (): number {
    return this.#accepted.head.sequence.epoch
  }

  /** Takes another window. */
  move (accepted: Accepted, root: VerifiedBlock): WindowChange {
    this.#accepted = accepted
    this.#root = root
    return this.#replace(accepted.window.entries)
  }

  /** No head counts any more: nothing is left until one does. */
  empty (): WindowChange {
    return this.#replace([])
  }

  async find (path: string): Promise<Segment> {
    const index = this.#paths.get(path)
    if (index === undefined) throw new NotFoundError(`no segment ${show(path)} in the window of ${this.#name} now`)
    return this.#segment(index)
  }

  /** What there is now. */
  get window (): readonly Segment[] {
    return [...this.#entries.values()].map(segmentOf)
  }

  async * segments (): AsyncGenerator<Segment> {
    yield * this.window
  }

  async segment (index: number): Promise<Segment> {
    return this.#segment(index)
  }

  pagesOf (): readonly BlockRef[] {
    return []
  }

  peek (index: number): Segment | undefined {
    const entry = this.#entries.get(index)
    return entry === undefined ? undefined : segmentOf(entry)
  }

  block (segment: number, block: number): BlockRef {
    const entry = this.#entries.get(segment)
    if (entry === undefined || !Number.isInteger(block) || block < 0 || block * DIGEST_BYTES >= entry.leaves.byteLength) {
      throw new NotFoundError(`no block ${block} in segment ${segment} in the window of ${this.#name} now`)
    }
    return blockOf(entry, block)
  }

  #segment (index: number): Segment {
    const segment = this.peek(index)
    if (segment === undefined) throw new NotFoundError(`no segment ${index} in the window of ${this.#name} now`)
    return segment
  }

  #replace (entries: readonly WindowEntry[]): WindowChange {
    const before = this.#entries
    this.#entries = new Map(entries.map(entry => [entry.index, entry]))
    this.#paths = new Map(entries.map(entry => [entry.path, entry.index]))
    const retired = [...before.values()].filter(({ index }) => !this.#entries.has(index))
    return {
      added: entries.filter(({ index }) => !before.has(index)).map(segmentOf),
      retired: retired.map(segmentOf),
      gone: retired.flatMap(entry => Array.from({ length: entry.leaves.byteLength / DIGEST_BYTES }, (_, block) => blockOf(entry, block)))
    }
  }
}

function segmentOf (entry: WindowEntry): Segment {
  const segment = toSegment(entry.index, entry)
  return entry.playlist ? { ...segment, playlist: true } : segment
}

function blockOf (entry: WindowEntry, block: number): BlockRef {
  return { digest: entry.leaves.subarray(block * DIGEST_BYTES, (block + 1) * DIGEST_BYTES), size: blockLength(entry, block) }
}
