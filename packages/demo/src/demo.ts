import { createShoal } from 'shoal'
import { join } from 'node:path'
import { bundlePage } from './bundle.js'
import { startOrigin, type OriginServer } from './servers/origin.js'
import { startPage } from './servers/page.js'
import type { Published, Shoal } from '@shoal/interface'

const NAME = 'Shoal'
const MEDIA = join(import.meta.dirname, '..', '..', 'media', 'stream')

export interface DemoOptions {
  /** Port of the page. @default a free one */
  port?: number | undefined
  /**
   * The node beside the origin holds the film and gives it to viewers, as an edge would. Without it the node holds the manifest alone:
   * whatever a viewer does not get from the origin it gets from other viewers.
   *
   * @default true
   */
  seed?: boolean | undefined
}

export interface Demo {
  /** Address of the page. */
  readonly url: string
  readonly origin: OriginServer
  readonly node: Shoal
  /** The link without hints: the page is told where to begin. */
  readonly link: string
  /** Size of the content. */
  readonly bytes: number
  readonly segments: number
  stop (): Promise<void>
}

/**
 * Starts the origin, the node beside it and the page, all on loopback.
 *
 * The node relays between browsers that cannot dial each other yet, answers DHT queries and seeds: so the film goes on when the origin is
 * switched off, and whoever comes then can begin.
 */
export async function startDemo ({ port = 0, seed = true }: DemoOptions = {}): Promise<Demo> {
  const opened: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => { for (const close of opened.splice(0).reverse()) await close() }
  try {
    const files = await bundlePage()
    const origin = await startOrigin(MEDIA)
    opened.push(() => origin.close())
    // a node that keeps copies of what is rare would be a source that the pictures do not tell from an edge
    const policy = { replication: 0 }
    const node = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'], server: true, policy })
    opened.push(() => node.stop())
    const published = seed ? await node.publish(MEDIA, { origin: origin.url, name: NAME }) : await publishElsewhere(node, origin.url)
    const link = `shoal:${published.manifest}`
    const config = { link, origin: origin.url, playlist: 'main.m3u8', bootstrap: node.addrs.filter(addr => addr.includes('/ws')), node: node.peerId }
    const page = await startPage({ port, files, config, origin })
    opened.push(() => page.close())
    return { url: page.url, origin, node, link, bytes: published.bytes, segments: published.segments, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Publishes by a node that goes away again. The one that stays has opened the content as a viewer does, and reads none of it. */
async function publishElsewhere (node: Shoal, origin: string): Promise<Pick<Published, 'manifest' | 'bytes' | 'segments'>> {
  const publisher = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: node.addrs })
  try {
    const published = await publisher.publish(MEDIA, { origin, name: NAME })
    const content = await node.open(published.link)
    // a manifest comes page by page, as it is asked for: all of it has to be here before the publisher goes
    const paths: string[] = []
    for await (const { path } of content.segments()) paths.push(path)
    return { manifest: published.manifest, bytes: published.bytes, segments: paths.length }
  } finally {
    await publisher.stop()
  }
}
