/** A Shoal node in a process of its own, told by messages what to do. */

import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createShoal, type Content, type Shoal } from 'shoal'
import type { Route, SegmentDetail, ShoalOptions } from '@shoal/interface'
import { answer, Child } from './child.ts'
import type { Space } from './namespaces.ts'
import { stunServer } from './stun.ts'

/** A better way takes no longer, however busy the machine; where there is none, bytes go on over what there is. */
const WAY_MS = 60_000

type Ask =
  | { readonly do: 'start', readonly options: ShoalOptions, readonly stun?: { readonly address: string, readonly port: number } }
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

interface Told {
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

export type ShoalChild = Child<Ask, Told>

/** A process without a node yet. */
export async function startShoal (space?: Space): Promise<ShoalChild> {
  return await Child.start<Ask, Told>(fileURLToPath(import.meta.url), space)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) inside()

function inside (): void {
  let node: Shoal | undefined
  let progress = 0
  const told: { peer: string, route: Route }[] = []

  async function fetch (shoal: Shoal, { link, keep, routes }: Ask & { readonly do: 'fetch' }): Promise<Told> {
    const start = performance.now()
    const content: Content = await shoal.open(link, { mode: 'p2p' })
    let last: SegmentDetail | undefined
    content.addEventListener('segment', ({ detail }) => { last = detail })
    const hash = createHash('sha256')
    progress = 0
    const segments: string[] = []
    for await (const { path } of content.segments()) segments.push(path)
    for (const path of segments) {
      // over what there was first a small content may be through before a better way is there
      if (routes !== undefined && path === segments.at(-1)) await way(shoal, content, routes)
      for await (const bytes of content.read(path)) {
        hash.update(bytes)
        progress += bytes.byteLength
      }
    }
    const seconds = (performance.now() - start) / 1000
    const best = last?.sources.find(({ kind }) => kind === 'peer')
    if (best?.route === undefined) throw new Error(`no peer gave the last segment: ${JSON.stringify(last)}`)
    const ways = told.filter(({ peer }) => peer === best.peer).map(({ route }) => route)
    if (keep !== true) await content.close()
    return { digest: hash.digest('hex'), fetched: { seconds, route: best.route, routes: ways } }
  }

  async function way (shoal: Shoal, { link }: Content, routes: readonly Route[]): Promise<void> {
    const there = (): boolean => shoal.status.peers
      .some(({ route, limited, contents }) => !limited && routes.includes(route) && contents.includes(link))
    for (const end = performance.now() + WAY_MS; !there() && performance.now() < end;) await sleep(50)
  }

  answer(async (ask: Ask): Promise<Told> => {
    if (ask.do === 'start') {
      if (ask.stun !== undefined) await stunServer(ask.stun.address, ask.stun.port)
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
        const hash = createHash('sha256')
        const files = new Map(Array.from({ length: segments }, (_, i) => {
          const bytes = randomBytes(ask.bytes)
          hash.update(bytes)
          return [segments === 1 ? name : `${i}`, bytes]
        }))
        const { manifest } = await node.publishBytes(files, { name })
        // without hints: found by the DHT alone
        return { link: `shoal:${manifest}`, digest: hash.digest('hex') }
      }
      case 'fetch': return await fetch(node, ask)
    }
  })
}
