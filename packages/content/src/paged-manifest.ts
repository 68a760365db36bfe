import {
  ManifestError, NotFoundError, PageNotLoadedError,
  type BlockRef, type LoadBlock, type Manifest, type ManifestSummary, type Policy, type Segment, type VerifiedBlock
} from '@shoal/interface'
import { BoundedMap, equalBytes, toHex } from '@shoal/base'
import { blockLength } from './block-range.js'
import { dagPbCid, rawCid } from './cid.js'
import { BLOCK_SIZE_BYTES, DIGEST_BYTES, MAX_CACHED_PAGES, splitLeaves } from './limits.js'
import { expect, show } from './manifest-fields.js'
import { decodePage, partBytes, type PageEntry } from './manifest-page.js'
import type { ManifestRoot, PageSummary } from './manifest-root.js'
import { comparePaths } from './path.js'
import { SharedLoads } from './shared-loads.js'

type Page = readonly PageEntry[]

/** CID of the empty block, which a segment of no bytes is: SHA-256 of nothing. */
const EMPTY_DIGEST = Uint8Array.from([
  0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
  0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55
])

/** A manifest whose publisher's word has been verified, with what only its root says. */
export interface OpenedManifest extends Manifest {
  /** Base URLs that the publisher named: paths resolve against them. For a single file perhaps its own URL. */
  readonly origins: readonly string[]
  /** ms since 1970, as the publisher says. */
  readonly createdAt: number
}

export interface PagedManifestInit {
  readonly summary: ManifestSummary
  readonly fields: ManifestRoot
  readonly root: VerifiedBlock
  readonly envelope: Uint8Array
  readonly load: LoadBlock
}

/**
 * Looks segments up in the root's list of pages, then in the page, which it loads when it is missing and keeps while there is room.
 * A segment that is split over pages counts as loaded when all of them are.
 */
export class PagedManifest implements OpenedManifest {
  readonly summary: ManifestSummary
  readonly root: VerifiedBlock
  readonly envelope: Uint8Array
  readonly pageRefs: readonly BlockRef[]
  readonly origins: readonly string[]
  readonly createdAt: number
  readonly policy: Policy
  readonly #version: number
  readonly #summaries: readonly PageSummary[]
  /** Of segments that are split over pages, by their part in the first. */
  readonly #split = new WeakMap<PageEntry, Pick<Segment, 'blocks' | 'offsets'>>()
  /** What was asked for last: a segment is asked for again with each of its blocks. */
  #last: { readonly entry: PageEntry, readonly segment: Segment } | undefined
  readonly #load: LoadBlock
  readonly #pages = new BoundedMap<number, Page>(MAX_CACHED_PAGES)
  readonly #loads = new SharedLoads<number, Page>(async (page, signal) => this.#fetch(page, signal))

  constructor ({ summary, fields, root, envelope, load }: PagedManifestInit) {
    this.summary = summary
    this.root = root
    this.envelope = envelope
    this.pageRefs = fields.pages.map(page => page.ref)
    this.origins = fields.origins
    this.createdAt = fields.createdAt
    this.policy = fields.policy
    this.#version = fields.version
    this.#summaries = fields.pages
    this.#load = load
  }

  async find (path: string, signal?: AbortSignal): Promise<Segment> {
    const index = lastIndex(this.#summaries.length, i => comparePaths(this.#summary(i).firstPath, path) <= 0)
    if (index >= 0) {
      const summary = this.#summary(index)
      if (summary.firstPath === path) return this.segment(summary.first, signal)
      const page = await this.#page(index, signal)
      const place = lastIndex(page.length, i => comparePaths((page[i] as PageEntry).path, path) <= 0)
      if (page[place]?.path === path) return this.segment(summary.first + place, signal)
    }
    throw new NotFoundError(`no segment ${show(path)} in ${this.summary.name} (${this.summary.cid})`)
  }

  async * segments (signal?: AbortSignal): AsyncGenerator<Segment> {
    for (let index = 0; index < this.summary.segments; index++) yield await this.segment(index, signal)
  }

  async segment (index: number, signal?: AbortSignal): Promise<Segment> {
    const { first, end } = this.#span(index)
    const pages = await Promise.all(Array.from({ length: end - first }, async (_, i) => this.#page(first + i, signal)))
    const parts = pages.map((page, i) => this.#entry(page, first + i, index))
    const entry = parts[0] as PageEntry
    for (const [i, other] of parts.entries()) {
      expect(sameSegment(entry, other), () => `expected the parts of ${show(entry.path)} to agree in what they say of it, page ${first + i} does not`)
    }
    return this.#toSegment(index, parts)
  }

  peek (index: number): Segment | undefined {
    const { first, end } = this.#span(index)
    const parts: PageEntry[] = []
    for (let at = first; at < end; at++) {
      const page = this.#pages.get(at)
      if (page === undefined) return undefined
      parts.push(this.#entry(page, at, index))
    }
    return this.#toSegment(index, parts)
  }

  pagesOf (segment: number): readonly BlockRef[] {
    const { first, end } = this.#span(segment)
    return this.pageRefs.slice(first, end)
  }

  block (segment: number, block: number): BlockRef {
    const { first, end } = this.#span(segment)
    const index = first + Math.floor(block / splitLeaves(this.#version))
    const page = index >= first && index < end ? this.#pages.get(index) : undefined
    if (page === undefined && index < end) {
      throw new PageNotLoadedError(`page ${index} of ${this.summary.cid} is not loaded: await segment(${segment}) before block(${segment}, ${block})`)
    }
    const entry = page === undefined ? undefined : this.#entry(page, index, segment)
    const at = block % splitLeaves(this.#version)
    if (entry === undefined || !Number.isInteger(at) || at < 0 || at * DIGEST_BYTES >= entry.leaves.byteLength) {
      throw new NotFoundError(`no block ${block} in segment ${segment} of ${this.summary.name} (${this.summary.cid})`)
    }
    const part = { size: partBytes(entry, index > first ? this.#summary(index).byteOffset : 0), offsets: entry.offsets }
    return { digest: entry.leaves.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES), size: blockLength(part, at) }
  }

  /** Pages from `first` to `end` (exclusive) that hold a segment. */
  #span (index: number): { first: number, end: number } {
    if (!Number.isInteger(index) || index < 0 || index >= this.summary.segments) {
      throw new NotFoundError(`no segment ${index} in ${this.summary.name} (${this.summary.cid}), which has ${this.summary.segments}`)
    }
    const last = lastIndex(this.#summaries.length, i => this.#summary(i).first <= index)
    const summary = this.#summary(last)
    return { first: summary.first === index ? last - summary.leafOffset / splitLeaves(this.#version) : last, end: last + 1 }
  }

  async #page (index: number, signal: AbortSignal | undefined): Promise<Page> {
    signal?.throwIfAborted()
    return this.#pages.get(index) ?? await this.#loads.get(index, signal)
  }

  async #fetch (index: number, signal: AbortSignal): Promise<Page> {
    const summary = this.#summary(index)
    const block = await this.#load(summary.ref, index + 1, signal)
    if (!equalBytes(block.digest, summary.ref.digest)) {
      throw new ManifestError(`expected page ${index} with SHA-256 ${toHex(summary.ref.digest)}, got ${toHex(block.digest)}`)
    }
    const page = decodePage(block.bytes, summary, this.#summaries[index + 1], this.#version)
    this.#pages.set(index, page)
    return page
  }

  #toSegment (index: number, parts: readonly PageEntry[]): Segment {
    const [entry] = parts as [PageEntry]
    if (this.#last?.entry === entry) return this.#last.segment
    const segment = parts.length === 1 ? toSegment(index, entry) : toSegment(index, entry, this.#layout(entry, parts))
    this.#last = { entry, segment }
    return segment
  }

  #layout (entry: PageEntry, parts: readonly PageEntry[]): Pick<Segment, 'blocks' | 'offsets'> {
    let layout = this.#split.get(entry)
    if (layout === undefined) this.#split.set(entry, layout = joinParts(parts))
    return layout
  }

  #summary (page: number): PageSummary {
    return this.#summaries[page] as PageSummary
  }

  #entry (page: Page, index: number, segment: number): PageEntry {
    return page[segment - this.#summary(index).first] as PageEntry
  }
}

/** @param layout of its blocks, where they are not all in this entry */
export function toSegment (
  index: number, entry: PageEntry, layout: Pick<Segment, 'blocks' | 'offsets'> = { blocks: entry.leaves.byteLength / DIGEST_BYTES, offsets: entry.offsets }
): Segment {
  const { path, size, digest, leaves, duration, rendition } = entry
  const cid = digest !== undefined ? dagPbCid(digest) : rawCid(size === 0 ? EMPTY_DIGEST : leaves)
  return { index, path, size, cid: cid.toString(), ...layout, duration: duration === undefined ? undefined : duration / 1000, rendition }
}

/** Joins what the pages say of the blocks of a segment that is split over them. */
function joinParts (parts: readonly PageEntry[]): Pick<Segment, 'blocks' | 'offsets'> {
  const blocks = parts.reduce((sum, { leaves }) => sum + leaves.byteLength / DIGEST_BYTES, 0)
  if (parts.every(({ offsets }) => offsets === undefined)) return { blocks, offsets: undefined }
  const offsets = new Float64Array(blocks + 1)
  let block = 0
  for (const part of parts) {
    const start = offsets[block] as number
    const bytes = partBytes(part, start)
    for (let i = 1; i <= part.leaves.byteLength / DIGEST_BYTES; i++) {
      offsets[++block] = start + (part.offsets?.[i] ?? Math.min(i * BLOCK_SIZE_BYTES, bytes))
    }
  }
  return { blocks, offsets }
}

function sameSegment (a: PageEntry, b: PageEntry): boolean {
  return a === b || (a.path === b.path && a.size === b.size && a.duration === b.duration && a.rendition === b.rendition &&
    equalBytes(a.digest as Uint8Array, b.digest as Uint8Array))
}

/** Last of `length` places for which `holds`, which holds for all before it too; −1 when for none. */
function lastIndex (length: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) low = middle + 1
    else high = middle
  }
  return low - 1
}
