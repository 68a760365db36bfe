import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createShoal } from 'shoal'
import { bundlePage } from './bundle.js'
import { listen, pathOf } from './servers/http.js'
import { liveStream } from './servers/live.js'
import { startOrigin, type OriginServer, type Source } from './servers/origin.js'
import { startPage } from './servers/page.js'
import { startRelay, type Relay } from './servers/relay.js'
import type { Published, Shoal } from '@shoal/interface'
import type { PageConfig, Show } from './reports.js'

const NAME = 'Shoal'
const MEDIA = join(import.meta.dirname, '..', '..', 'media')
const FILM = join(MEDIA, 'stream')
/** An edge that gave all that anybody wants would leave viewers nothing to give each other. */
const EDGE_RATE = '1Mbit'
/** Parts of a low-latency stream have no time to wait for each other. */
const LOW_RATE = '4Mbit'

export interface DemoOptions {
  /** Port of the page. @default a free one */
  port?: number | undefined
  /**
   * The node beside the origin holds the film and the files and gives them to viewers, as an edge would. Without it the node holds their
   * manifests alone: whatever a viewer does not get from the origin it gets from other viewers.
   *
   * @default true
   */
  seed?: boolean | undefined
}

export interface Demo {
  /** Address of the page. */
  readonly url: string
  readonly origin: OriginServer
  /** Has all shows but the low-latency one. */
  readonly node: Shoal
  readonly relay: Relay
  /** The film's link without hints: the page is told where to begin. */
  readonly link: string
  /** Size of the film. */
  readonly bytes: number
  readonly segments: number
  stop (): Promise<void>
}

/**
 * Starts the origin, a relay, the nodes beside the origin and the page, all on loopback.
 *
 * The relay introduces browsers that cannot dial each other yet and answers DHT queries; the nodes publish, and seed. So what is there
 * goes on when the origin is switched off, and whoever comes then can begin; and viewers that know each other do not need the relay.
 */
export async function startDemo ({ port = 0, seed = true }: DemoOptions = {}): Promise<Demo> {
  const opened: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => { for (const close of opened.splice(0).reverse()) await close() }
  try {
    const pages = await bundlePage()
    const files = await filesToLoad()
    const source = await sourceOf(files)
    const origin = await startOrigin(source)
    opened.push(() => origin.close())
    // what the node publishes live comes from here, whatever becomes of the origin
    const encoder = await listen(0, async (request, response) => {
      const bytes = await source(pathOf(request) ?? '', new URL(request.url ?? '/', 'http://localhost').searchParams)
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes)
    })
    opened.push(() => encoder.close())
    const relay = await startRelay()
    opened.push(() => relay.close())
    // a node that keeps copies of what is rare would be a source that the pictures do not tell from an edge
    const policy = { replication: 0 }
    const listening = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
    const edge = async (rate: string): Promise<Shoal> => {
      const started = await createShoal({ listen: listening, bootstrap: relay.addrs, server: true, policy, upload: { rate } })
      opened.push(() => started.stop())
      return started
    }
    const [node, lowNode] = [await edge(EDGE_RATE), await edge(LOW_RATE)]
    const film = { origin: `${origin.url}film/`, name: NAME }
    const published = seed ? await node.publish(FILM, film) : await elsewhere(node, async publisher => await publisher.publish(FILM, film))
    const many = { origin: `${origin.url}files/`, name: 'Files' }
    const bundle = seed
      ? await node.publishBytes(files, many)
      : await elsewhere(node, async publisher => await publisher.publishBytes(files, many))
    const liveLink = async (name: string, by: Shoal): Promise<string> => {
      const { link } = await by.publish(`${encoder.url}${name}/main.m3u8`, { live: true, name, origin: `${origin.url}${name}/` })
      return link.replace(/\?.*$/, '')
    }
    const show = (name: string, link: string, { peerId } = node): Show =>
      ({ link, origin: `${origin.url}${name}/`, playlist: 'main.m3u8', node: peerId })
    const link = `shoal:${published.manifest}`
    const config: PageConfig = {
      shows: {
        film: show('film', link),
        live: show('live', await liveLink('live', node)),
        low: show('low', await liveLink('low', lowNode), lowNode),
        files: { ...show('files', `shoal:${bundle.manifest}`), files: [...files].map(([path, bytes]) => ({ path, bytes: bytes.length })) }
      },
      bootstrap: [relay, node, lowNode].flatMap(({ addrs }) => addrs).filter(addr => addr.includes('/ws')),
      relay: relay.peerId
    }
    const page = await startPage({ port, files: pages, config, origin, relay })
    opened.push(() => page.close())
    return { url: page.url, origin, node, relay, link, bytes: published.bytes, segments: published.segments, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Pictures, and the film in one piece. */
async function filesToLoad (): Promise<Map<string, Uint8Array>> {
  const pictures = (await readdir(join(MEDIA, 'pictures'))).sort()
  const segments = (await readdir(join(FILM, '720p'))).filter(name => name.endsWith('.m4s')).sort()
  const film = await Promise.all(['init.mp4', ...segments].map(async name => await readFile(join(FILM, '720p', name))))
  return new Map([
    ...await Promise.all(pictures.map(async name => [name, await readFile(join(MEDIA, 'pictures', name))] as const)),
    ['shoal.mp4', Buffer.concat(film)]
  ])
}

/** All that the origin has, by the first part of its path. */
async function sourceOf (files: ReadonlyMap<string, Uint8Array>): Promise<Source> {
  const shows: Record<string, Source> = {
    film: async path => await readFile(join(FILM, path)).catch(() => undefined),
    live: await liveStream(FILM, false),
    low: await liveStream(FILM, true),
    files: async path => files.get(path)
  }
  return async (path, query) => {
    const [, name = '', rest = ''] = /^([a-z]+)\/(.+)$/.exec(path) ?? []
    return Object.hasOwn(shows, name) ? await shows[name]?.(rest, query) : undefined
  }
}

/** Publishes by a node that goes away again. The one that stays has opened the content as a viewer does, and reads none of it. */
async function elsewhere (
  node: Shoal, publish: (publisher: Shoal) => Promise<Published>
): Promise<Pick<Published, 'manifest' | 'bytes' | 'segments'>> {
  const publisher = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: node.addrs })
  try {
    const published = await publish(publisher)
    const content = await node.open(published.link)
    // a manifest comes page by page, as it is asked for: all of it has to be here before the publisher goes
    const paths: string[] = []
    for await (const { path } of content.segments()) paths.push(path)
    return { manifest: published.manifest, bytes: published.bytes, segments: paths.length }
  } finally {
    await publisher.stop()
  }
}
