import type { OpenedManifest } from '@shoal/content'
import type { Manifest, Segment } from '@shoal/interface'
import type { OpenContent } from './content.js'
import { ownBlocks, recordOf, type ContentRecord } from './library.js'
import type { Parts } from './parts.js'

/** Pins all of a content, has `fetch` bring it, and records that it is to be kept. Takes the pins back when that fails. */
export async function keep (
  manifest: OpenedManifest, { store, library }: Pick<Parts, 'store' | 'library'>, fetch: () => Promise<void>
): Promise<void> {
  const known = await library.get(manifest.summary.cid)
  if (known?.seed === true) return
  const record = recordOf(manifest, { seed: true, pinned: true, files: [], tenant: known?.tenant, swarm: known?.swarm })
  await eachBlock(record, manifest, digest => { store.pin(digest) })
  try {
    await fetch()
    await library.put(record)
  } catch (error) {
    await eachBlock(record, manifest, digest => { store.unpin(digest) })
    throw error
  }
}

/** Undoes `keep`. What has been purged since has no pins any more. */
export async function release (
  record: ContentRecord, { manifest, swarm: { purging } }: OpenContent, { store, library }: Pick<Parts, 'store' | 'library'>
): Promise<void> {
  await library.put({ ...record, seed: false, pinned: false })
  await eachBlock(record, manifest, digest => { store.unpin(digest) }, segment => purging.fault(segment) !== undefined)
}

/** The manifest's own blocks included. */
async function eachBlock (
  record: ContentRecord, manifest: Manifest, visit: (digest: Uint8Array) => void, skip: (segment: Segment) => boolean = () => false
): Promise<void> {
  for (const digest of ownBlocks(record)) visit(digest)
  for await (const segment of manifest.segments()) {
    if (skip(segment)) continue
    for (let block = 0; block < segment.blocks; block++) visit(manifest.block(segment.index, block).digest)
  }
}
