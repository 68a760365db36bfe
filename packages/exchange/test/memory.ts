import type { Connection, PeerId, Stream, StreamHandler } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { mockMuxer, multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { systemClock, type Clock } from '@shoal/base'
import { exchange, type ExchangeComponents } from '../src/index.js'
import { joinBoth, startEnd, type End } from './harness.js'
import type { Session } from '@shoal/interface'

const PEERS = [
  peerIdFromString('12D3KooWJYbRXoi9WTLWeEuzS9ZqQMzRFnxZcbRhKLPvZqaHWMrQ'),
  peerIdFromString('12D3KooWHE5SPo3Mrej9t8kRjVPaVWJLjyBmSSbXQmjWpUaPLoQr')
] as const

/** A connection between two ends in this process: a real multiplexer and real streams over a queue. */
export interface MemoryConnections {
  readonly a: MemoryConnection
  readonly b: MemoryConnection
}

export interface MemoryConnection extends Connection {
  handler: StreamHandler | undefined
}

export interface MemoryOptions {
  readonly addr?: string
  readonly limited?: boolean
}

export interface PairOptions extends MemoryOptions {
  readonly clock?: Clock
  readonly turned?: ExchangeComponents['turned']
}

function memoryConnections (options: MemoryOptions = {}): MemoryConnections {
  const remoteAddr = multiaddr(options.addr ?? '/memory/test')
  const [outbound, inbound] = multiaddrConnectionPair({ delay: 0, outbound: { remoteAddr }, inbound: { remoteAddr } })
  function connect (maConn: typeof outbound, direction: 'inbound' | 'outbound', remotePeer: PeerId): MemoryConnection {
    const muxer = mockMuxer().createStreamMuxer(maConn)
    const connection = {
      id: direction,
      remotePeer,
      remoteAddr,
      direction,
      limits: options.limited === true ? { bytes: 1n } : undefined,
      handler: undefined as StreamHandler | undefined,
      status: 'open',
      async newStream (protocol: string): Promise<Stream> {
        return muxer.createStream({ protocol })
      },
      async close (): Promise<void> {
        connection.status = 'closed'
        await muxer.close()
        await maConn.close()
      },
      abort (error: Error): void {
        connection.status = 'aborted'
        muxer.abort(error)
        maConn.abort(error)
      }
    }
    muxer.addEventListener('stream', event => {
      void connection.handler?.(event.detail, connection as unknown as Connection)
    })
    return connection as unknown as MemoryConnection
  }
  return { a: connect(outbound, 'outbound', PEERS[1]), b: connect(inbound, 'inbound', PEERS[0]) }
}

/** As much of a libp2p node as an exchange needs; `dial` returns connections in turn. */
function memoryNode (connections: readonly MemoryConnection[]): ExchangeComponents['node'] {
  let dialled = 0
  return {
    async handle (_, handler) {
      for (const connection of connections) connection.handler = handler
    },
    async unhandle () {
      for (const connection of connections) connection.handler = undefined
    },
    async dial () {
      const connection = connections[Math.min(dialled++, connections.length - 1)]
      if (connection === undefined) throw new Error('nobody there')
      return connection
    },
    getConnections: () => []
  }
}

/** Two exchanges with an open session between them. */
export async function pair (options: PairOptions = {}): Promise<MemoryConnections & { ends: [End, End] }> {
  const connections = memoryConnections(options)
  const clock = options.clock ?? systemClock
  const ends = await Promise.all([connections.a, connections.b].map(async connection => (
    startEnd(exchange()({ node: memoryNode([connection]), clock, turned: options.turned }))
  ))) as [End, End]
  await ends[0].exchange.connect(PEERS[1].toString(), [])
  return { ...connections, ends }
}

/** As `pair`, both in the swarm. */
export async function joinedPair (options: PairOptions = {}): Promise<{ a: End, b: End, ofA: Session, ofB: Session }> {
  const { ends: [a, b] } = await pair(options)
  const [ofA, ofB] = await joinBoth(a, b)
  return { a, b, ofA, ofB }
}

/** An exchange and, at the other end of its connection, a test that writes what it likes and keeps what comes. */
export async function hostile (): Promise<{ end: End, connection: MemoryConnection, received: Uint8Array[] }> {
  const { a, b } = memoryConnections()
  const end = await startEnd(exchange()({ node: memoryNode([a]), clock: systemClock }))
  const received: Uint8Array[] = []
  b.handler = stream => {
    stream.addEventListener('message', event => { received.push(event.data.subarray()) })
  }
  return { end, connection: b, received }
}
