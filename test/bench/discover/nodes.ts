/** The inner side: some nodes in one process, told by messages what to do, and how many bytes their sockets have carried. */

import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { createShoal, type Shoal } from 'shoal'
import { answer } from '../../support/child.ts'

export type Ask =
  /** A node that relays, answers DHT queries, and holds nothing. */
  | { readonly do: 'serve' }
  | { readonly do: 'publish', readonly bootstrap: string, readonly bytes: number }
  /** A node that opens the content and fetches all of it. */
  | { readonly do: 'join', readonly bootstrap: string, readonly link: string }
  | { readonly do: 'count' }

export interface Told {
  readonly addr?: string
  readonly link?: string
  /** From the start of the node until the first peer of the swarm gave something: the manifest. */
  readonly firstPeerS?: number
  readonly count?: Count
}

/** Of all nodes of this process. */
export interface Count {
  /** Payload of all sockets since the process began, both ways. */
  readonly bytes: number
  readonly connections: number
  /** Peers that share the swarm. */
  readonly neighbours: number
}

const LISTEN = ['/ip4/127.0.0.1/tcp/0']

const nodes: Shoal[] = []
/** Sockets, those included that are closed: their counts stay. */
const sockets: Socket[] = []
subscribe('net.client.socket', message => { sockets.push((message as { socket: Socket }).socket) })
subscribe('net.server.socket', message => { sockets.push((message as { socket: Socket }).socket) })

answer(async (ask: Ask): Promise<Told> => {
  switch (ask.do) {
    case 'serve': {
      const node = await keep({ server: true, listen: LISTEN })
      return { addr: node.addrs[0] as string }
    }
    case 'publish': {
      const node = await keep({ listen: LISTEN, bootstrap: [ask.bootstrap] })
      const bytes = randomBytes(ask.bytes)
      const { manifest } = await node.publishBytes(new Map([['content.bin', bytes]]), { name: 'discover' })
      // without hints: found by the DHT alone
      return { link: `shoal:${manifest}` }
    }
    case 'join': {
      const start = performance.now()
      const node = await keep({ listen: LISTEN, bootstrap: [ask.bootstrap] })
      const content = await node.open(ask.link)
      const firstPeerS = (performance.now() - start) / 1000
      await content.fetchAll()
      return { firstPeerS }
    }
    case 'count': return {
      count: {
        bytes: sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0),
        connections: nodes.reduce((sum, { status }) => sum + status.connections, 0),
        neighbours: nodes.reduce((sum, { status: { contents } }) => sum + (contents[0]?.connected ?? 0), 0)
      }
    }
  }
})

async function keep (options: Parameters<typeof createShoal>[0]): Promise<Shoal> {
  const node = await createShoal(options)
  nodes.push(node)
  return node
}
