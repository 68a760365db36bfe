import { Purged, type OpenedManifest, type Purge } from '@shoal/content'
import type { BlockRef, SwarmId } from '@shoal/interface'
import type { ContentRecord, FileRecord } from '../library.js'
import type { Parts } from '../parts.js'

/**
 * Makes a purge outlive this run. Resolves with what takes back the pins of blocks that no list named before; of a content that is purged
 * as a whole those of the manifest are among them.
 */
export async function recordPurge (
  purge: Purge, { swarm, manifest }: { readonly swarm: SwarmId, readonly manifest: OpenedManifest },
  { library, store }: Pick<Parts, 'library' | 'store'>
): Promise<(fresh: readonly BlockRef[]) => void> {
  await library.putPurge(swarm, purge.bytes)
  const record = await library.get(manifest.summary.cid)
  if (record === undefined) return () => {}
  if (purge.all) {
    await library.delete(record.manifest)
  } else if (record.files.length > 0 || record.tenant !== undefined) {
    await library.put({ ...record, swarm, files: await left(record, manifest, new Purged(purge)) })
  }
  return fresh => {
    // what lies in files has no pins but those of the manifest
    const pinned = !record.seed ? [] : record.files.length === 0 ? fresh : purge.all ? [manifest.root, ...manifest.pageRefs] : []
    for (const { digest } of pinned) store.unpin(digest)
  }
}

async function left (record: ContentRecord, manifest: OpenedManifest, purged: Purged): Promise<FileRecord[]> {
  const files: FileRecord[] = []
  for (const file of record.files) if (!purged.has(await manifest.find(file.segment))) files.push(file)
  return files
}
