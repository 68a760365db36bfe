import { blockCount } from './block-range.js'
import { BLOCK_SIZE_BYTES, DIGEST_BYTES, MAX_DURATION_MS, MAX_SEGMENT_BLOCKS, SPLIT_LEAVES } from './limits.js'
import { decodeCanonical, expect, readBytes, readInt, readList, readText, readTuple, show } from './manifest-fields.js'
import type { PageSummary } from './manifest-root.js'
import { comparePaths, pathFault } from './path.js'

/** A segment as a page holds it: all of it, or the part whose leaves are in this page. */
export interface PageEntry {
  readonly path: string
  /** Bytes of the whole segment. */
  readonly size: number
  /** SHA-256 of the UnixFS node over the leaves; `undefined` when one block or none is the segment itself. */
  readonly digest: Uint8Array | undefined
  /** Digests of the blocks in this page, 32 bytes each. */
  readonly leaves: Uint8Array
  /** ms */
  readonly duration: number | undefined
  readonly rendition: string | undefined
}

/** Bytes of the blocks whose leaves an entry holds, the first of which is block `leafOffset` of its segment. */
export function partBytes ({ size, leaves }: PageEntry, leafOffset: number): number {
  return Math.min(size - leafOffset * BLOCK_SIZE_BYTES, leaves.byteLength / DIGEST_BYTES * BLOCK_SIZE_BYTES)
}

/**
 * Reads a page and checks it against what the root says of it.
 *
 * @param next the page after it, `undefined` for the last
 * @throws ManifestError and nothing else
 */
export function decodePage (bytes: Uint8Array, summary: PageSummary, next: PageSummary | undefined): readonly PageEntry[] {
  const list = readList(decodeCanonical(bytes, 'manifest page'), 'a manifest page', BLOCK_SIZE_BYTES)
  expect(list.length === summary.segments, () => `expected a page with ${summary.segments} segments, got ${list.length}`)
  const continued = next !== undefined && next.leafOffset > 0
  const entries = list.map((value, i) => readEntry(value, i === 0 ? summary.leafOffset : 0, continued))
  let blocks = 0
  let size = 0
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1]
    expect(before === undefined || comparePaths(before.path, entry.path) < 0, () => {
      return `expected segments in the order of their paths and no path twice, got ${show(entry.path)} after ${show(before?.path)}`
    })
    blocks += entry.leaves.byteLength / DIGEST_BYTES
    size += partBytes(entry, i === 0 ? summary.leafOffset : 0)
  }
  const first = entries[0] as PageEntry
  const last = entries.at(-1) as PageEntry
  expect(first.path === summary.firstPath, () => `expected a page that begins with ${show(summary.firstPath)}, got ${show(first.path)}`)
  expect(blocks === summary.blocks, () => `expected a page with ${summary.blocks} blocks, got ${blocks}`)
  expect(size === summary.bytes, () => `expected a page with ${summary.bytes} bytes, got ${size}`)
  expect(next === undefined || continued || comparePaths(last.path, next.firstPath) < 0, () => {
    return `expected a page that ends before ${show(next?.firstPath)}, got ${show(last.path)}`
  })
  return entries
}

function readEntry (value: unknown, leafOffset: number, continued: boolean): PageEntry {
  const [pathValue, sizeValue, digestValue, leavesValue, durationValue, renditionValue] = readTuple(value, 'a segment', 6)
  const path = readPath(pathValue, 'the path')
  const size = readInt(sizeValue, `the size of ${show(path)}`, 0, MAX_SEGMENT_BLOCKS * BLOCK_SIZE_BYTES)
  const total = blockCount(size)
  const here = total > SPLIT_LEAVES ? Math.min(SPLIT_LEAVES, total - leafOffset) : total
  // a segment that one page can hold is in one page, and of a longer one all parts but the last are of one length
  expect((leafOffset === 0 || total > SPLIT_LEAVES) && (here > 0) === (total > 0) && (leafOffset + here < total) === continued, () => {
    return `expected ${show(path)} of ${total} blocks to be split over pages after each ${SPLIT_LEAVES} blocks, got a part from block ${leafOffset}`
  })
  return {
    path,
    size,
    digest: total > 1 ? readBytes(digestValue, `the digest of ${show(path)}`, DIGEST_BYTES) : readNull(digestValue, `the digest of ${show(path)}`),
    leaves: readBytes(leavesValue, `the leaves of ${show(path)}`, here * DIGEST_BYTES),
    duration: durationValue === null ? undefined : readInt(durationValue, `the duration of ${show(path)}`, 0, MAX_DURATION_MS),
    rendition: renditionValue === null ? undefined : readPath(renditionValue, `the rendition of ${show(path)}`)
  }
}

function readPath (value: unknown, what: string): string {
  const path = readText(value, what)
  const fault = pathFault(path)
  expect(fault === undefined, () => `${what} ${show(path)} ${fault ?? ''}`)
  return path
}

function readNull (value: unknown, what: string): undefined {
  expect(value === null, () => `expected ${what} to be null, for it is one block or none, got ${show(value)}`)
}
