import * as dagCbor from '@ipld/dag-cbor'
import { dagCborCid } from './cid.js'
import { concat } from '@shoal/base'
import { encodeLengths } from './leaf-lengths.js'
import { CHUNKER } from './limits.js'
import type { PageEntry } from './manifest-page.js'
import { VERSION, type ManifestRoot } from './manifest-root.js'
import { encodePolicy } from './policy-fields.js'

/** Canonical DAG-CBOR. */
export function encodeRoot (root: Omit<ManifestRoot, 'version'>): Uint8Array {
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
    ...(Object.values(root.policy).some(value => value !== undefined) ? { policy: encodePolicy(root.policy) } : {}),
    pages: root.pages.map(page => {
      const { ref, firstPath, first, segments, blocks, bytes, leafOffset } = page
      return [dagCborCid(ref.digest), ref.size, firstPath, first, segments, blocks, bytes, leafOffset]
    })
  })
}

/**
 * One entry as DAG-CBOR; a page is the list of its entries.
 *
 * @param before the entry before it in its page: a rendition that is the same is not repeated
 */
export function encodeEntry (entry: PageEntry, before: PageEntry | undefined): Uint8Array {
  const { path, size, digest, leaves, offsets, duration, rendition } = entry
  const same = rendition !== undefined && rendition === before?.rendition
  const lengths = offsets === undefined ? null : encodeLengths(offsets)
  return dagCbor.encode([path, size, digest ?? null, leaves, duration ?? null, same ? true : rendition ?? null, lengths])
}

/** Bytes of a list's head at most: a page of 256 KiB has room for less than 65,536 entries, the shortest of which takes 8 bytes. */
export const LIST_HEAD_BYTES = 3

/** Joins entries to a page without encoding them again. */
export function joinPage (entries: readonly Uint8Array[]): Uint8Array {
  return concat([listHead(entries.length), ...entries])
}

/** Head of a CBOR array, RFC 8949 §3.1 (major type 4), in its shortest form. */
export function listHead (length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(0x80 | length)
  if (length < 0x100) return Uint8Array.of(0x98, length)
  return Uint8Array.of(0x99, length >>> 8, length)
}
