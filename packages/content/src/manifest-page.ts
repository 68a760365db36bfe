import { decodeLengths, isPlain } from './leaf-lengths.js'
import { BLOCK_SIZE_BYTES, DIGEST_BYTES, MAX_DURATION_MS, MAX_SEGMENT_BLOCKS, splitLeaves } from './limits.js'
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
  /** Where the blocks in this page begin, from the first, and the last ends; `undefined`: all are of 256 KiB but for the segment's last. */
  readonly offsets: Float64Array | undefined
  /** ms */
  readonly duration: number | undefined
  readonly rendition: string | undefined
}

/** Bytes of the blocks whose leaves an entry holds, the first of which begins `byteOffset` bytes into its segment. */
export function partBytes ({ size, leaves, offsets }: PageEntry, byteOffset: number): number {
  return offsets?.at(-1) ?? Math.min(size - byteOffset, leaves.byteLength / DIGEST_BYTES * BLOCK_SIZE_BYTES)
}

/**
 * Reads a page and checks it against what the root says of it.
 *
 * @param next the page after it, `undefined` for the last
 * @param version of the manifest: before 2 all leaves are of 256 KiB but for the last, and renditions are repeated
 * @throws ManifestError and nothing else
 */
export function decodePage (bytes: Uint8Array, summary: PageSummary, next: PageSummary | undefined, version: number): readonly PageEntry[] {
  const list = readList(decodeCanonical(bytes, 'manifest page'), 'a manifest page', BLOCK_SIZE_BYTES)
  expect(list.length === summary.segments, () => `expected a page with ${summary.segments} segments, got ${list.length}`)
  const continued = next !== undefined && next.leafOffset > 0
  const entries: PageEntry[] = []
  for (const [i, value] of list.entries()) {
    const [leafOffset, byteOffset] = i === 0 ? [summary.leafOffset, summary.byteOffset] : [0, 0]
    entries.push(readEntry(value, { leafOffset, byteOffset, continued, version, before: entries.at(-1) }))
  }
  let blocks = 0
  let size = 0
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1]
    expect(before === undefined || comparePaths(before.path, entry.path) < 0, () => {
      return `expected segments in the order of their paths and no path twice, got ${show(entry.path)} after ${show(before?.path)}`
    })
    blocks += entry.leaves.byteLength / DIGEST_BYTES
    size += partBytes(entry, i === 0 ? summary.byteOffset : 0)
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

export interface EntryPlace {
  /** Blocks and bytes of the segment that earlier pages hold. */
  readonly leafOffset: number
  readonly byteOffset: number
  /** The next page goes on with the segment. */
  readonly continued: boolean
  readonly version: number
  readonly before: PageEntry | undefined
}

/** @throws ManifestError */
export function readEntry (value: unknown, place: EntryPlace): PageEntry {
  const { leafOffset, byteOffset, continued, version, before } = place
  const [pathValue, sizeValue, digestValue, leavesValue, durationValue, renditionValue, lengthsValue] =
    readTuple(value, 'a segment', version < 2 ? 6 : 7)
  const path = readPath(pathValue, 'the path')
  const size = readInt(sizeValue, `the size of ${show(path)}`, 0, MAX_SEGMENT_BLOCKS * BLOCK_SIZE_BYTES)
  const leaves = readLeaves(leavesValue, path)
  const here = leaves.byteLength / DIGEST_BYTES
  const most = splitLeaves(version)
  // a segment that one page can hold is in one page, and of a longer one all parts but the last are of one length
  expect(here <= most && (!continued || here === most) && leafOffset + here <= MAX_SEGMENT_BLOCKS, () => {
    return `expected ${show(path)} to be split over pages after each ${most} blocks, got a part of ${here} from block ${leafOffset}`
  })
  const offsets = lengthsValue === undefined || lengthsValue === null ? undefined : readLengths(lengthsValue, path, here, continued)
  const bytes = offsets?.at(-1) ?? (continued ? here * BLOCK_SIZE_BYTES : size - byteOffset)
  expect(continued ? byteOffset + bytes < size : byteOffset + bytes === size, () => {
    return `expected leaves of ${show(path)} that sum up to ${size} bytes, got ${byteOffset + bytes}${continued ? ' and more' : ''}`
  })
  expect(offsets !== undefined || Math.ceil(bytes / BLOCK_SIZE_BYTES) === here, () => {
    return `expected ${bytes} bytes of ${show(path)} to have ${Math.ceil(bytes / BLOCK_SIZE_BYTES)} leaves of 256 KiB, got ${here}`
  })
  const single = leafOffset === 0 && !continued && here <= 1
  return {
    path,
    size,
    digest: single ? readNull(digestValue, `the digest of ${show(path)}`) : readBytes(digestValue, `the digest of ${show(path)}`, DIGEST_BYTES),
    leaves,
    offsets,
    duration: durationValue === null ? undefined : readInt(durationValue, `the duration of ${show(path)}`, 0, MAX_DURATION_MS),
    rendition: readRendition(renditionValue, path, before, version)
  }
}

function readLeaves (value: unknown, path: string): Uint8Array {
  expect(value instanceof Uint8Array && value.byteLength % DIGEST_BYTES === 0, () => {
    return `expected the leaves of ${show(path)} to be ${DIGEST_BYTES} bytes each, got ${show(value)}`
  })
  return value
}

/** Lengths are there only where they say something: not of leaves that are of 256 KiB but for the segment's last. */
function readLengths (value: unknown, path: string, count: number, continued: boolean): Float64Array {
  expect(value instanceof Uint8Array, () => `expected the lengths of the leaves of ${show(path)} as bytes, got ${show(value)}`)
  const offsets = decodeLengths(value, count)
  expect(typeof offsets !== 'string', () => `expected the lengths of ${count} leaves of ${show(path)}, got ${offsets as string}`)
  expect(!isPlain(offsets, !continued), () => `expected no lengths of the leaves of ${show(path)}, which are of 256 KiB but for the last`)
  return offsets
}

/** `true` stands for that of the entry before. */
function readRendition (value: unknown, path: string, before: PageEntry | undefined, version: number): string | undefined {
  if (value === null) return undefined
  if (version >= 2 && value === true) {
    expect(before?.rendition !== undefined, () => `expected the rendition of ${show(path)}, for none is before it, got true`)
    return before.rendition
  }
  const rendition = readPath(value, `the rendition of ${show(path)}`)
  expect(version < 2 || rendition !== before?.rendition, () => `expected true as rendition of ${show(path)}, which is that before it`)
  return rendition
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
