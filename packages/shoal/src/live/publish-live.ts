import { parseLink } from '@shoal/content'
import { formatLink } from '@shoal/content/publishing'
import { ConfigError, PublishError, UnavailableError, type Published, type PublishOptions } from '@shoal/interface'
import { hintAddrs } from '../addresses.js'
import { assertPublishable } from '../assert-publishable.js'
import { nameOf, type SeedingHost } from '../opening.js'
import { hiderOf, liveLinkOf } from '../own-link.js'
import type { Parts } from '../parts.js'
import { Follower } from './follower.js'
import { httpSource } from './http-source.js'
import { LiveRecords } from './live-records.js'
import type { LiveSource } from './source.js'

/**
 * Follows a live presentation and keeps its content's head at the newest, until that is closed.
 *
 * @throws what `follow` throws, PublishError when the name is open already
 */
export async function publishLive (where: string, options: PublishOptions, parts: Parts, host: SeedingHost): Promise<Published> {
  const report = (error: Error): void => { host.report(error, `following ${where}`) }
  const following = await follow(where, options, parts, report)
  try {
    const text = liveLinkOf(
      parts.network.peerId.toString(), following.name, hintAddrs(host.addrs()), hiderOf(options.policy ?? {}, parts.config))
    const link = parseLink(text)
    if (host.entry(nameOf(link)) !== undefined) throw new PublishError(`${JSON.stringify(following.name)} is open already: close it first`)
    const content = await host.open({ link, text, origins: [], mode: parts.config.mode, head: following.head }, options.signal)
    const entry = host.entry(nameOf(link))
    if (entry?.swarm === undefined) throw new UnavailableError('the content was closed')
    const { swarm } = entry
    entry.onleave = () => { following.stop() }
    following.listen(head => { swarm.update(head).catch(report) })
    const { cid, root, segments, bytes } = content.summary
    return { link: content.link, manifest: cid, root, segments, bytes, content }
  } catch (error) {
    following.stop()
    throw error
  }
}

/** A live presentation that is being followed: what came first, and what comes. */
interface Following {
  readonly name: string
  readonly head: Uint8Array
  /** Gets every head after the first, those that came meanwhile at once. */
  listen (onhead: (head: Uint8Array) => void): void
  stop (): void
}

/**
 * Follows the HLS playlists or MPDs at a path or URL, and resolves once there is something to publish.
 *
 * @throws UnauthorisedError the policy asks for what no node can judge
 * @throws ConfigError options that do not go together, PublishError the folder cannot be read or the name is none
 */
async function follow (
  where: string, options: PublishOptions, parts: Pick<Parts, 'config' | 'platform' | 'library' | 'clock' | 'privateKey' | 'store'>,
  onerror: (error: Error) => void
): Promise<Following> {
  const { signal, origin, policy = {} } = options
  assertPublishable(policy, parts.config)
  const { clock, library, privateKey, store } = parts
  const { name: found, source } = await sourceAt(where, parts)
  const name = options.name ?? found
  // the same rules as for a name in a link
  const publisher = privateKey.publicKey.toString()
  formatLink({ kind: 'publisher', publisher, name, addrs: [], origins: [] })
  const epoch = await new LiveRecords(library.datastore).nextEpoch({ publisher, name }, Math.floor(clock.wall()))
  const heads: Uint8Array[] = []
  let deliver = (head: Uint8Array): void => { heads.push(head) }
  const first = Promise.withResolvers<Uint8Array>()
  const follower = new Follower({
    source,
    name,
    origins: origin === undefined ? [] : [asBase(origin)],
    policy,
    epoch,
    key: privateKey,
    store,
    clock,
    onerror,
    onhead (head) {
      first.resolve(head)
      deliver(head)
    }
  })
  const abort = (): void => { first.reject(signal?.reason as Error) }
  signal?.addEventListener('abort', abort, { once: true })
  follower.start()
  try {
    signal?.throwIfAborted()
    const head = await first.promise
    return {
      name,
      head,
      listen (onhead) {
        for (const head of heads.slice(1)) onhead(head)
        deliver = onhead
      },
      stop: () => { follower.stop() }
    }
  } catch (error) {
    follower.stop()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

async function sourceAt (where: string, { platform: { liveFolder }, clock }: Pick<Parts, 'platform' | 'clock'>): Promise<{ name: string, source: LiveSource }> {
  if (/^https?:/i.test(where)) {
    if (!URL.canParse(where)) throw new ConfigError(`expected the URL of a playlist, got ${JSON.stringify(where)}`)
    const folder = new URL('.', where).pathname.split('/').at(-2)
    return { name: folder === undefined || folder === '' ? new URL(where).hostname : decodeURIComponent(folder), source: httpSource(where, clock) }
  }
  if (liveFolder === undefined) throw new ConfigError('following a folder needs Node.js: give the URL of a playlist in a browser')
  return await liveFolder(where)
}

/** In the form that a manifest takes. */
function asBase (origin: string): string {
  if (!URL.canParse(origin)) throw new ConfigError(`expected an http or https URL as origin, got ${JSON.stringify(origin)}`)
  const url = new URL(origin)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url.href
}
