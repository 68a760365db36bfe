import { openPurge } from '@shoal/content'
import { buildPurge } from '@shoal/content/publishing'
import { ConfigError, NotFoundError, UnauthorisedError, type PeerName, type PurgeOptions, type PurgeResult } from '@shoal/interface'
import type { OpenContent } from '../content.js'
import { linkOf } from '../own-link.js'
import type { Parts } from '../parts.js'
import { composePurge, type PurgeOrder } from './compose.js'

/** What a purge needs of its node. */
export interface PurgeHost {
  readonly parts: Pick<Parts, 'library' | 'privateKey' | 'clock'>
  readonly self: PeerName
  /** Contents that are open. */
  readonly contents: readonly OpenContent[]
  readonly open: (link: string) => Promise<OpenContent>
  /** Stay in its swarm for a while: those who come are to be told. */
  readonly linger: (content: OpenContent) => void
}

/** Purges one content, or all of those with a tag. See `Shoal.purge`. */
export async function purge (what: string | { readonly tag: string }, options: PurgeOptions, host: PurgeHost): Promise<PurgeResult[]> {
  if (typeof what === 'string') return [await purgeOne(what, options, host)]
  const { tag } = what
  if ([...options.paths ?? [], ...options.cids ?? []].length > 0) {
    throw new ConfigError('a purge by tag is one of whole contents: name paths and CIDs with a link')
  }
  const links = await tagged(tag, host)
  if (links.length === 0) throw new NotFoundError(`nothing that was published here has the tag ${JSON.stringify(tag)}`)
  const results: PurgeResult[] = []
  for (const link of links) results.push(await purgeOne(link, { ...options, tag }, host))
  return results
}

async function purgeOne (link: string, order: PurgeOrder, host: PurgeHost): Promise<PurgeResult> {
  const { parts: { privateKey, clock }, self, open, linger } = host
  const content = await open(link)
  const { manifest, swarm, summary: { publisher, cid, name } } = content
  try {
    if (publisher !== self) throw new UnauthorisedError(`${name} can be purged by its publisher ${publisher} alone, and not by ${self}`)
    // what an earlier run left in the store is to go as well
    await swarm.scan()
    const list = await composePurge(manifest, swarm.purging.current, order, clock.wall())
    const bytes = await buildPurge(list, privateKey)
    await swarm.purging.issue(bytes)
    linger(content)
    const { all, paths, cids } = await openPurge(bytes)
    return { link: content.link, manifest: cid, name, all, paths, cids }
  } catch (error) {
    await content.close()
    throw error
  }
}

async function tagged (tag: string, { parts: { library }, self, contents }: PurgeHost): Promise<string[]> {
  const links = new Map<string, string>()
  for await (const { manifest, publisher, tags, tenant } of library.all()) {
    if (publisher === self && tags?.includes(tag) === true) links.set(manifest, linkOf(manifest, [], tenant))
  }
  // live ones have no record, and those of earlier versions say less
  for (const { link, manifest: { policy }, summary: { cid, publisher } } of contents) {
    if (publisher === self && policy.tags?.includes(tag) === true) links.set(cid, link)
  }
  return [...links.values()]
}
