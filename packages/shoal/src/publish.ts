import { blockRefs, buildManifest, cuttingOf, mapMedia, segmentFiles, type BuiltManifest, type FileEntry, type SegmentedFile } from '@shoal/content/publishing'
import { PublishError, type PublishOptions, type VerifiedBlock } from '@shoal/interface'
import { assertPublishable } from './assert-publishable.js'
import { recordOf, type ContentRecord, type FileRecord, type Library } from './library.js'
import { hiderOf } from './own-link.js'
import type { Parts } from './parts.js'
import type { LocalFile } from './platform.js'

export interface Publication {
  readonly name: string
  readonly kind: 'file' | 'directory'
  readonly files: readonly (FileEntry | LocalFile)[]
  /** Absolute, when it is files. */
  readonly path?: string | undefined
  readonly options: PublishOptions
}

/**
 * Cuts, hashes, signs and records. Keys of encrypted streams are left out. Files on disk are referenced where they lie unless a copy is
 * asked for; the manifest's own blocks go to the store and stay there. What was published from the same path before is not seeded at the
 * next start any more; when nothing has changed since, it is the same manifest again.
 *
 * @throws UnauthorisedError when the policy asks for what no node can judge, ConfigError when this node has no token that it asks for
 * @throws PublishError when something cannot be read or changed meanwhile, StoreFullError when a copy does not fit
 */
export async function publish (
  { name, kind, files, path, options }: Publication, parts: Pick<Parts, 'config' | 'privateKey' | 'store' | 'clock' | 'library'>
): Promise<{ built: BuiltManifest, record: ContentRecord }> {
  const { privateKey, store, clock, library } = parts
  const { signal, copy = false, onprogress, origin, policy = {} } = options
  assertPublishable(policy, parts.config)
  const media = await mapMedia(files, { signal, significantQuery: policy.significantQuery })
  const published = files.filter(file => !media.keys.has(file.path))
  if (published.length === 0) throw new PublishError(`${name} holds nothing but keys, which are left to the origin`)
  const byPath = new Map(published.map(file => [file.path, file]))
  const entries = published.map(file => ({ ...file, cutting: cuttingOf(file, media) }))
  const segmented: SegmentedFile[] = []
  const lying: { segment: SegmentedFile, record: FileRecord }[] = []
  const pinned: Uint8Array[] = []
  // pinned at once: the last blocks of a copy must not push out its first
  const keep = async (block: VerifiedBlock): Promise<void> => {
    await store.put(block)
    store.pin(block.digest)
    pinned.push(block.digest)
  }
  try {
    for await (const segment of segmentFiles(entries, { signal, onprogress, ...(copy ? { onblock: keep } : {}) })) {
      segmented.push(segment)
      const entry = byPath.get(segment.path)
      if (copy || entry === undefined || !('file' in entry)) continue
      if (store.reference === undefined) throw new PublishError('this node keeps no references to files: publish a copy')
      lying.push({ segment, record: { segment: segment.path, path: entry.file.path, size: segment.size, mtimeMs: entry.file.mtimeMs } })
    }
    const origins = origin === undefined ? [] : [origin]
    const build = (createdAt: number): Promise<BuiltManifest> =>
      buildManifest({ name, kind, files: segmented, media: media.info, origins, createdAt, policy, key: privateKey })
    const earlier = path === undefined ? [] : await publishedFrom(path, library)
    const newest = earlier[0]
    const again = newest === undefined ? undefined : await build(newest.createdAt)
    const built = again !== undefined && again.manifest.summary.cid === newest?.manifest ? again : await build(Math.trunc(clock.wall()))
    for (const block of [built.root, ...built.pages]) await keep(block)
    const record = recordOf(built.manifest, {
      seed: true, path, files: lying.map(file => file.record), tenant: hiderOf(policy, parts.config)
    })
    await library.put(record)
    for (const old of earlier) if (old.seed && old.manifest !== record.manifest) await library.put({ ...old, seed: false })
    // last, when nothing can fail any more: taking it back would take it from what else is published from these files
    for (const { segment, record: { path: file, size, mtimeMs } } of lying) {
      store.reference?.({ path: file, size, mtimeMs, offset: 0, blocks: blockRefs(segment) })
    }
    return { built, record }
  } catch (error) {
    for (const digest of pinned) store.unpin(digest)
    throw error
  }
}

/** The newest first. */
async function publishedFrom (path: string, library: Library): Promise<ContentRecord[]> {
  const records: ContentRecord[] = []
  for await (const record of library.all()) if (record.path === path) records.push(record)
  return records.toSorted((a, b) => b.createdAt - a.createdAt)
}
