import * as dagCbor from '@ipld/dag-cbor'
import { dagCborCid } from './cid.js'
import { concat } from './concat.js'
import { CHUNKER } from './limits.js'
import type { PageEntry } from './manifest-page.js'
import { VERSION, type ManifestRoot } from './manifest-root.js'

/** Canonical DAG-CBOR. */
export function encodeRoot (root: ManifestRoot): Uint8Array {
  return dagCbor.encode({
    version: VERSION,
    name: root.name,
    kind: root.kind,
    publisher: root.publisher,
    root: root.root,
    chunker: CHUNKER,
    segments: root.segments,
    blocks: root.blocks,
    bytes: root.bytes,
    origins: root.origins,
    createdAt: root.createdAt,
    pages: root.pages.map(page => {
      const { ref, firstPath, first, segments, blocks, bytes, leafOffset } = page
      return [dagCborCid(ref.digest), ref.size, firstPath, first, segments, blocks, bytes, leafOffset]
    })
  })
}

/** One entry as DAG-CBOR; a page is the list of its entries. */
export function encodeEntry (entry: PageEntry): Uint8Array {
  return dagCbor.encode([entry.path, entry.size, entry.digest ?? null, entry.leaves, entry.duration ?? null, entry.rendition ?? null])
}

/** Bytes of a list's head at most: a page of 256 KiB has room for less than 65,536 entries, the shortest of which takes 8 bytes. */
export const LIST_HEAD_BYTES = 3

/** Joins entries to a page without encoding them again. */
export function joinPage (entries: readonly Uint8Array[]): Uint8Array {
  return concat([listHead(entries.length), ...entries])
}

/** Head of a CBOR array, RFC 8949 §3.1 (major type 4), in its shortest form. */
function listHead (length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(0x80 | length)
  if (length < 0x100) return Uint8Array.of(0x98, length)
  return Uint8Array.of(0x99, length >>> 8, length)
}
