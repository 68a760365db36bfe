import { Purged, type OpenedManifest, type Purge, type PurgeList } from '@shoal/content'
import { NotFoundError, type PurgeOptions } from '@shoal/interface'

/** What a purge is for. */
export interface PurgeOrder extends PurgeOptions {
  readonly tag?: string | undefined
}

/**
 * The next purge list of a content that is published here: all that was purged before, and what is purged now. Pure but for the manifest.
 *
 * @param now ms since 1970
 * @throws NotFoundError it has no such path or CID
 */
export async function composePurge (
  manifest: OpenedManifest, before: Purge | undefined, order: PurgeOrder, now: number
): Promise<PurgeList> {
  const { reason = '', tag } = order
  const sequence = Math.max(Math.floor(now), (before?.sequence ?? -1) + 1)
  const { summary: { cid, name, live } } = manifest
  if (live !== undefined) {
    const cids = await listedNow(manifest, before, order)
    return { content: { name }, sequence, all: false, paths: [], cids, reason, tag }
  }
  const { paths, cids, all } = wanted(order)
  await matches(manifest, order)
  const named = all ? { paths: [], cids: [] } : { paths: [...before?.paths ?? [], ...paths], cids: [...before?.cids ?? [], ...cids] }
  return { content: { manifest: cid }, sequence, all, ...named, reason, tag }
}

/** Of a live content: a path may be used again for other bytes, and what has left the window need not be named any more. */
async function listedNow (manifest: OpenedManifest, before: Purge | undefined, order: PurgeOrder): Promise<string[]> {
  const listed: string[] = []
  for await (const { cid } of manifest.segments()) if (before?.cids.includes(cid) === true) listed.push(cid)
  return [...listed, ...await matches(manifest, order)]
}

/** CIDs of the segments that are meant. Everything that is named must be there. */
async function matches (manifest: OpenedManifest, order: PurgeOrder): Promise<string[]> {
  const { paths, cids, all } = wanted(order)
  if (all && manifest.summary.live === undefined) return []
  const missing = new Map([...paths, ...cids].map(name => [name, new Purged({ all: false, paths: [name], cids: [name] })]))
  const purged = new Purged({ all: false, paths, cids })
  const found: string[] = []
  for await (const segment of manifest.segments()) {
    // without its playlists a live content could not go on
    if (!(all ? segment.playlist !== true : purged.has(segment))) continue
    found.push(segment.cid)
    for (const [name, one] of missing) if (one.has(segment)) missing.delete(name)
  }
  const [absent] = missing.keys()
  if (absent !== undefined || found.length === 0) {
    const { name } = manifest.summary
    throw new NotFoundError(absent === undefined ? `nothing is left in ${name} to purge` : `no segment, folder or CID ${JSON.stringify(absent)} in ${name}`)
  }
  return found
}

function wanted ({ paths = [], cids = [] }: PurgeOrder): { paths: readonly string[], cids: readonly string[], all: boolean } {
  return { paths, cids, all: paths.length + cids.length === 0 }
}
