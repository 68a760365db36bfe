import type { BlockRef, ManifestSummary, Policy } from '@shoal/interface'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { DAG_CBOR_CODE, DAG_PB_CODE, isCidOf } from './cid.js'
import { BLOCK_SIZE_BYTES, DIGEST_BYTES, MAX_CONTENT_BLOCKS, MAX_ORIGINS, MAX_SEGMENTS, splitLeaves } from './limits.js'
import { decodeCanonical, expect, readInt, readList, readMap, readText, readTuple, show } from './manifest-fields.js'
import { normalOrigin } from './origin-url.js'
import { comparePaths, nameFault, pathFault } from './path.js'
import { readPolicy } from './policy-fields.js'

/** What a root says of one of its pages, enough to find a path or a segment without loading any other page. */
export interface PageSummary {
  readonly ref: BlockRef & { readonly size: number }
  readonly firstPath: string
  /** Index of the first segment in it. */
  readonly first: number
  /** Segments with blocks or an entry in it. */
  readonly segments: number
  /** Leaf digests in it. */
  readonly blocks: number
  /** Bytes of these blocks. */
  readonly bytes: number
  /** Blocks of its first segment that the pages before it hold: 0 when that segment begins here. */
  readonly leafOffset: number
  /** Bytes of these blocks. */
  readonly byteOffset: number
}

/** The root of a manifest. */
export interface ManifestRoot {
  readonly version: number
  readonly name: string
  readonly kind: ManifestSummary['kind']
  /** Public key as libp2p's protobuf. */
  readonly publisher: Uint8Array
  /** UnixFS file or directory over everything. */
  readonly root: CID
  readonly segments: number
  readonly blocks: number
  readonly bytes: number
  /** Base URLs that paths resolve against. */
  readonly origins: readonly string[]
  /** ms since 1970. */
  readonly createdAt: number
  readonly policy: Policy
  readonly pages: readonly PageSummary[]
}

/** What is written; the one before is read, too. */
export const VERSION = 2

/** An RSA-8192 key takes 1,060. */
const MAX_KEY_BYTES = 2_048

/** A root of 256 KiB has room for fewer. */
const MAX_PAGES = 8_192

/**
 * Reads a root and checks that what it says of its pages adds up. Fields it does not know are ignored, the chunker among them, for pages
 * say how long leaves are; except those of the policy: who may have the content is never ignored.
 *
 * @throws ManifestError and nothing else
 */
export function decodeRoot (bytes: Uint8Array): ManifestRoot {
  const map = readMap(decodeCanonical(bytes, 'manifest root'), 'the manifest root')
  expect(map.version === VERSION || map.version === VERSION - 1, () => {
    return `expected a manifest of version ${VERSION} or ${VERSION - 1}, got ${show(map.version)}; a newer Shoal may read it`
  })
  const version = map.version
  const name = readText(map.name, 'the name')
  const fault = nameFault(name)
  expect(fault === undefined, () => `the name ${show(name)} ${fault ?? ''}`)
  const kind = map.kind
  expect(kind === 'file' || kind === 'directory', () => `expected the kind "file" or "directory", got ${show(kind)}`)
  const publisher = map.publisher
  expect(publisher instanceof Uint8Array && publisher.byteLength <= MAX_KEY_BYTES, () => `expected a public key as publisher, got ${show(publisher)}`)
  const policy = readPolicy(map.policy)
  const segments = readInt(map.segments, 'the number of segments', kind === 'file' ? 1 : 0, kind === 'file' ? 1 : MAX_SEGMENTS)
  const blocks = readInt(map.blocks, 'the number of blocks', 0, MAX_CONTENT_BLOCKS)
  const size = readInt(map.bytes, 'the number of bytes', blocks, blocks * BLOCK_SIZE_BYTES)
  const createdAt = readInt(map.createdAt, 'the time of creation', 0, Number.MAX_SAFE_INTEGER)
  const origins = readList(map.origins, 'the origins', MAX_ORIGINS).map(value => {
    const origin = readText(value, 'an origin')
    expect(normalOrigin(origin) === origin, () => `expected an origin to be an http or https URL in normal form, got ${show(origin)}`)
    return origin
  })
  const pages = linkPages(readList(map.pages, 'the pages', MAX_PAGES).map(readPage), { segments, blocks, bytes: size }, splitLeaves(version))
  const root = readCid(map.root, 'the UnixFS root', raw.code, DAG_PB_CODE)
  return { version, name, kind, publisher, root, segments, blocks, bytes: size, origins, createdAt, policy, pages }
}

function readPage (value: unknown): Omit<PageSummary, 'byteOffset'> {
  const [cid, size, firstPath, first, segments, blocks, bytes, leafOffset] = readTuple(value, 'a page in the root', 8)
  const path = readText(firstPath, "a page's first path")
  const fault = pathFault(path)
  expect(fault === undefined, () => `a page's first path ${show(path)} ${fault ?? ''}`)
  return {
    ref: {
      digest: readCid(cid, 'a page', DAG_CBOR_CODE).multihash.digest,
      size: readInt(size, "a page's size", 1, BLOCK_SIZE_BYTES)
    },
    firstPath: path,
    first: readInt(first, "a page's first segment", 0, MAX_SEGMENTS),
    segments: readInt(segments, "a page's number of segments", 1, MAX_SEGMENTS),
    blocks: readInt(blocks, "a page's number of blocks", 0, BLOCK_SIZE_BYTES / DIGEST_BYTES),
    bytes: readInt(bytes, "a page's number of bytes", 0, MAX_CONTENT_BLOCKS * BLOCK_SIZE_BYTES),
    leafOffset: readInt(leafOffset, "a page's leaf offset", 0, MAX_CONTENT_BLOCKS)
  }
}

/** Each page goes on where the one before it ended, after `most` leaves within a segment, and the last ends where the totals say. */
function linkPages (
  pages: readonly Omit<PageSummary, 'byteOffset'>[], totals: Pick<ManifestRoot, 'segments' | 'blocks' | 'bytes'>, most: number
): PageSummary[] {
  const linked: PageSummary[] = []
  let before: PageSummary | undefined
  let blocks = 0
  let bytes = 0
  for (const [i, page] of pages.entries()) {
    const continues = page.leafOffset > 0
    if (before === undefined) {
      expect(page.first === 0 && !continues, () => 'expected the first page to begin with segment 0')
    } else if (continues) {
      expect(
        before.segments === 1 && before.blocks === most && page.leafOffset === before.leafOffset + most &&
        page.first === before.first && page.firstPath === before.firstPath,
        () => `expected page ${i} to go on with the segment of the page before it after ${most} blocks`
      )
    } else {
      const end = before.first + before.segments
      expect(page.first === end, () => `expected page ${i} to begin with segment ${end}, got ${page.first}`)
      expect(comparePaths(before.firstPath, page.firstPath) < 0, () => `expected pages in the order of their paths, page ${i} is not`)
    }
    blocks += page.blocks
    bytes += page.bytes
    before = { ...page, byteOffset: before !== undefined && continues ? before.byteOffset + before.bytes : 0 }
    linked.push(before)
  }
  const end = before === undefined ? 0 : before.first + before.segments
  expect(end === totals.segments, () => `expected pages with ${totals.segments} segments, got ${end}`)
  expect(blocks === totals.blocks, () => `expected pages with ${totals.blocks} blocks, got ${blocks}`)
  expect(bytes === totals.bytes, () => `expected pages with ${totals.bytes} bytes, got ${bytes}`)
  return linked
}

function readCid (value: unknown, what: string, ...codecs: readonly number[]): CID {
  const cid = CID.asCID(value)
  expect(cid !== null && isCidOf(cid, ...codecs), () => `expected the CID (version 1, sha2-256) of ${what}, got ${cid?.toString() ?? show(value)}`)
  return cid
}
