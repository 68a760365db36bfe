import { openManifest, Purged } from '@shoal/content'
import { UnavailableError, type BlockRef, type Manifest, type ShoalEvents, type VerifiedBlock } from '@shoal/interface'
import { envelopeOf, ownBlocks, type ContentRecord, type FileRecord } from './library.js'
import type { Parts } from './parts.js'
import type { NodeStore, Platform } from './platform.js'
import { purgeOf } from './purging/known.js'

type Withdrawn = ShoalEvents['store:withdrawn']['detail']

/**
 * Pins what an earlier run published as a copy, or pinned, and the manifest of what lies elsewhere, before anything else can need the room:
 * as far as the store itself knows what that is. Returns whether it did; nothing is pinned in part. What was purged is not pinned.
 */
export async function pinSeed (record: ContentRecord, { store, library }: Pick<Parts, 'store' | 'library'>): Promise<boolean> {
  const digests = ownBlocks(record)
  const load = async (ref: BlockRef): Promise<VerifiedBlock> => {
    const block = await store.get(ref)
    if (block === undefined) throw new UnavailableError(`a block of the manifest ${record.manifest} is missing`)
    return block
  }
  try {
    const root = await load({ digest: digests[0] as Uint8Array })
    // what is seeded where it lies takes no room
    if (record.files.length === 0) {
      const manifest = await openManifest({ root, envelope: envelopeOf(record), load })
      const purge = await purgeOf(record, library)
      const purged = purge === undefined ? undefined : new Purged(purge)
      for await (const segment of manifest.segments()) {
        if (purged?.has(segment) === true) continue
        for (let block = 0; block < segment.blocks; block++) digests.push(manifest.block(segment.index, block).digest)
      }
    }
  } catch {
    // said when it is to be seeded again
    return false
  }
  for (const digest of digests) store.pin(digest)
  return true
}

/** Holds again what an earlier run published where it lies, as long as the files are what they were. */
export async function holdFiles (
  record: ContentRecord, manifest: Manifest, store: NodeStore, platform: Platform, onwithdrawn: (detail: Withdrawn) => void
): Promise<void> {
  for (const file of record.files) {
    const reason = await changed(file, platform)
    const segment = await manifest.find(file.segment)
    if (reason !== undefined) {
      onwithdrawn({ path: file.path, blocks: segment.blocks, reason })
      continue
    }
    const blocks = Array.from({ length: segment.blocks }, (_, block) => manifest.block(segment.index, block))
    store.reference?.({ path: file.path, size: file.size, mtimeMs: file.mtimeMs, offset: 0, blocks })
  }
}

/** Why a file is no longer what was published. */
async function changed ({ path, size, mtimeMs }: FileRecord, { stat }: Platform): Promise<string | undefined> {
  try {
    const now = await stat?.(path)
    if (now === undefined) return 'this node reads no files'
    if (now.size !== size) return `its size changed from ${size} to ${now.size} bytes`
    return now.mtimeMs === mtimeMs ? undefined : 'it was modified'
  } catch (error) {
    return `it cannot be read: ${(error as Error).message}`
  }
}
