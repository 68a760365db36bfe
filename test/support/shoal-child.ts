/** A Shoal node in a process of its own, told by messages what to do. */

import { createHash, randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createShoal, type Content, type Shoal } from 'shoal'
import type { PeerStatus, Route, ShoalOptions } from '@shoal/interface'
import { answer, Child } from './child.ts'
import type { Space } from './namespaces.ts'
import { stunServer } from './stun.ts'

type Ask =
  | { readonly do: 'start', readonly options: ShoalOptions, readonly stun?: { readonly address: string, readonly port: number } }
  | { readonly do: 'publish', readonly name: string, readonly bytes: number }
  /** Reads all of it from peers. `keep`: it stays open afterwards, and is served. */
  | { readonly do: 'fetch', readonly link: string, readonly keep?: true }
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
  /** Of the session that the bytes came over. */
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

  async function fetch (shoal: Shoal, link: string, keep: boolean): Promise<Told> {
    const start = performance.now()
    const before = new Map(shoal.status.peers.map(({ peer, addr, stats }) => [`${peer} ${addr}`, stats.received]))
    const content: Content = await shoal.open(link, { mode: 'p2p' })
    const hash = createHash('sha256')
    progress = 0
    for await (const { path } of content.segments()) {
      for await (const bytes of content.read(path)) {
        hash.update(bytes)
        progress += bytes.byteLength
      }
    }
    const seconds = (performance.now() - start) / 1000
    const gave = ({ peer, addr, stats: { received } }: PeerStatus): number => received - (before.get(`${peer} ${addr}`) ?? 0)
    const [best] = shoal.status.peers.filter(({ contents }) => contents.includes(content.link)).toSorted((a, b) => gave(b) - gave(a))
    if (best === undefined) throw new Error('whoever gave it is gone')
    const routes = told.filter(({ peer }) => peer === best.peer).map(({ route }) => route)
    if (!keep) await content.close()
    return { digest: hash.digest('hex'), fetched: { seconds, route: best.route, routes } }
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
        const bytes = randomBytes(ask.bytes)
        const { manifest } = await node.publishBytes(new Map([[ask.name, bytes]]), { name: ask.name })
        // without hints: found by the DHT alone
        return { link: `shoal:${manifest}`, digest: createHash('sha256').update(bytes).digest('hex') }
      }
      case 'fetch': return await fetch(node, ask.link, ask.keep === true)
    }
  })
}
