/** A node in a machine of its own, told by messages what to do. */

import { createHash, randomBytes } from 'node:crypto'
import { createShoal, type Shoal } from 'shoal'
import type { PeerStatus, Route, ShoalOptions } from '@shoal/interface'
import { answer } from '../../support/child.ts'
import { stunServer } from '../../support/stun.ts'

export type Ask =
  | { readonly do: 'start', readonly options: ShoalOptions, readonly stun?: { readonly address: string, readonly port: number } }
  | { readonly do: 'publish', readonly name: string, readonly bytes: number }
  | { readonly do: 'fetch', readonly link: string }
  | { readonly do: 'addrs' }

export interface Told {
  readonly addrs?: readonly string[]
  readonly link?: string
  readonly digest?: string
  readonly fetched?: Fetched
}

export interface Fetched {
  readonly seconds: number
  /** Of the session that the bytes came over. */
  readonly route: Route
  /** All sessions to that peer, as `peer:connect` told them. */
  readonly routes: readonly Route[]
}

let node: Shoal | undefined
const told: { peer: string, route: Route }[] = []

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
    case 'publish': {
      const bytes = randomBytes(ask.bytes)
      const { manifest } = await node.publishBytes(new Map([[ask.name, bytes]]), { name: ask.name })
      // found by the DHT alone
      return { link: `shoal:${manifest}`, digest: createHash('sha256').update(bytes).digest('hex') }
    }
    case 'fetch': {
      const start = performance.now()
      const before = new Map(node.status.peers.map(({ peer, addr, stats }) => [`${peer} ${addr}`, stats.received]))
      const content = await node.open(ask.link, { mode: 'p2p' })
      const hash = createHash('sha256')
      for await (const { path } of content.segments()) for await (const bytes of content.read(path)) hash.update(bytes)
      const seconds = (performance.now() - start) / 1000
      const gave = ({ peer, addr, stats: { received } }: PeerStatus): number => received - (before.get(`${peer} ${addr}`) ?? 0)
      const [best] = node.status.peers.filter(({ contents }) => contents.includes(content.link)).toSorted((a, b) => gave(b) - gave(a))
      if (best === undefined) throw new Error('whoever gave it is gone')
      const routes = told.filter(({ peer }) => peer === best.peer).map(({ route }) => route)
      await content.close()
      return { digest: hash.digest('hex'), fetched: { seconds, route: best.route, routes } }
    }
  }
})
