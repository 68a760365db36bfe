import type { Manifest, ShoalEvents } from '@shoal/interface'
import type { ContentRecord, FileRecord } from './library.js'
import type { NodeStore, Platform } from './platform.js'

type Withdrawn = ShoalEvents['store:withdrawn']['detail']

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
