/** A Shoal node that does what it is asked: the same in Node.js and in a page. */

import { createShoal, type Content, type Shoal } from 'shoal'
import type { Route, SegmentDetail, ShoalOptions } from '@shoal/interface'

/** A better way takes no longer, however busy the machine; where there is none, bytes go on over what there is. */
const WAY_MS = 60_000
/** As many random bytes as are given at once. */
const RANDOM_BYTES = 65_536

export type Ask =
  | { readonly do: 'start', readonly options: ShoalOptions }
  /** `segments`: as many of that size. */
  | { readonly do: 'publish', readonly name: string, readonly bytes: number, readonly segments?: number }
  /**
   * Reads all of it from peers. `keep`: it stays open afterwards, and is served. `routes`: before the last segment it waits for a session
   * that goes one of these ways.
   */
  | { readonly do: 'fetch', readonly link: string, readonly keep?: true, readonly routes?: readonly Route[] }
  /** Bytes that were read so far. */
  | { readonly do: 'progress' }
  | { readonly do: 'addrs' }

export interface Told {
  readonly addrs?: readonly string[]
  readonly link?: string
  readonly digest?: string
  readonly fetched?: Fetched
  readonly progress?: number
}

export interface Fetched {
  readonly seconds: number
  /** By which most of the last segment came. */
  readonly route: Route
  /** All sessions to that peer, as `peer:connect` told them. */
  readonly routes: readonly Route[]
}

export function obedient (): (ask: Ask) => Promise<Told> {
  let node: Shoal | undefined
  let progress = 0
  const told: { peer: string, route: Route }[] = []

  async function fetch (shoal: Shoal, { link, keep, routes }: Ask & { readonly do: 'fetch' }): Promise<Told> {
    const start = performance.now()
    const content: Content = await shoal.open(link, { mode: 'p2p' })
    let last: SegmentDetail | undefined
    content.addEventListener('segment', ({ detail }) => { last = detail })
    const parts: Uint8Array[] = []
    progress = 0
    const segments: string[] = []
    for await (const { path } of content.segments()) segments.push(path)
    for (const path of segments) {
      // over what there was first a small content may be through before a better way is there
      if (routes !== undefined && path === segments.at(-1)) await way(shoal, content, routes)
      for await (const bytes of content.read(path)) {
        parts.push(bytes)
        progress += bytes.byteLength
      }
    }
    const seconds = (performance.now() - start) / 1000
    const best = last?.sources.find(({ kind }) => kind === 'peer')
    if (best?.route === undefined) throw new Error(`no peer gave the last segment: ${JSON.stringify(last)}`)
    const ways = told.filter(({ peer }) => peer === best.peer).map(({ route }) => route)
    if (keep !== true) await content.close()
    return { digest: await digestOf(parts), fetched: { seconds, route: best.route, routes: ways } }
  }

  async function way (shoal: Shoal, { link }: Content, routes: readonly Route[]): Promise<void> {
    const there = (): boolean => shoal.status.peers
      .some(({ route, limited, contents }) => !limited && routes.includes(route) && contents.includes(link))
    for (const end = performance.now() + WAY_MS; !there() && performance.now() < end;) {
      await new Promise(resolve => { setTimeout(resolve, 50) })
    }
  }

  return async ask => {
    if (ask.do === 'start') {
      node = await createShoal(ask.options)
      node.addEventListener('peer:connect', ({ detail: { peer, route } }) => { told.push({ peer, route }) })
      return { addrs: node.addrs }
    }
    if (node === undefined) throw new Error('no node was started')
    switch (ask.do) {
      case 'addrs': return { addrs: node.addrs }
      case 'progress': return { progress }
      case 'publish': {
        const { name, segments = 1 } = ask
        const parts = Array.from({ length: segments }, () => random(ask.bytes))
        const { manifest } = await node.publishBytes(new Map(parts.map((bytes, i) => [segments === 1 ? name : `${i}`, bytes])), { name })
        // without hints: found by the DHT alone
        return { link: `shoal:${manifest}`, digest: await digestOf(parts) }
      }
      case 'fetch': return await fetch(node, ask)
    }
  }
}

function random (size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at += RANDOM_BYTES) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES))
  return bytes
}

async function digestOf (parts: readonly Uint8Array[]): Promise<string> {
  const bytes = await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), byte => byte.toString(16).padStart(2, '0')).join('')
}
