/** What runs in a page: one node, everything by default. */

import { createShoal, type Content, type Shoal, type ShoalOptions } from 'shoal'

let node: Shoal | undefined
const contents = new Map<string, Content>()

function running (): Shoal {
  if (node === undefined) throw new Error('not started')
  return node
}

const end = {
  async start (options: ShoalOptions): Promise<string> {
    node = await createShoal({ share: false, ...options })
    return node.peerId
  },
  async peerId (): Promise<string> { return running().peerId },
  async addrs (): Promise<readonly string[]> { return running().addrs },
  async connections (): Promise<number> { return running().status.connections },
  async publish (name: string, length: number): Promise<{ link: string, sha256: string, manifest: string }> {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
    const { link, manifest } = await running().publishBytes(new Map([[name, bytes]]), { name })
    return { link, manifest, sha256: await digest(bytes) }
  },
  /** Begins to look for a content, whether it is there or not. */
  async look (link: string): Promise<void> { running().open(link).catch(() => {}) },
  async keep (link: string): Promise<void> {
    const content = await running().open(link)
    contents.set(link, content)
    await content.fetchAll()
  },
  /** Peers of a content that is kept. */
  async connected (link: string): Promise<number> { return contents.get(link)?.stats.connected ?? 0 },
  /** All of the first segment; the transports of those that it came from. */
  async fetch (link: string): Promise<{ sha256: string, over: readonly string[] }> {
    const content = await running().open(link)
    for await (const { path } of content.segments()) {
      const chunks: Uint8Array[] = []
      for await (const chunk of content.read(path)) chunks.push(chunk)
      const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer())
      const over = running().status.peers.filter(({ stats }) => stats.received > 0).map(({ transport }) => transport)
      return { sha256: await digest(bytes), over }
    }
    throw new Error('no segment')
  }
}

export type PageEnd = typeof end

async function digest (bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('')
}

Object.assign(globalThis, { interop: end })
