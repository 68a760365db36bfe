import { openManifest } from '@shoal/content'
import { UnavailableError, type BlockRef, type VerifiedBlock } from '@shoal/interface'
import { envelopeOf, ownBlocks, type ContentRecord } from './library.js'
import type { NodeStore } from './platform.js'

/**
 * Pins what an earlier run published as a copy, or pinned, and the manifest of what lies elsewhere, before anything else can need the room:
 * as far as the store itself knows what that is. Returns whether it did; nothing is pinned in part.
 */
export async function pinSeed (record: ContentRecord, store: NodeStore): Promise<boolean> {
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
      for await (const segment of manifest.segments()) {
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
