import { AsyncLocalStorage } from 'node:async_hooks'
import { circuitRelayServer, type CircuitRelayServerComponents, type CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { TokenBucket, type Clock } from '@shoal/base'
import type { RelayLimits } from '../config.js'
import { RELAY, RELAY_BURST_MS, RELAY_SIGNALLING } from '../defaults.js'
import { overlay } from '../overlay.js'
import { join } from './relayed.js'

/**
 * libp2p's relay with limits of its own: how much goes through it in a second, all connections together, and how much of a connection waits
 * here. The library reads as fast as the sender sends and keeps what the receiver does not take yet, as much as it may be.
 */
export function relay (limits: RelayLimits, clock: Clock): (components: CircuitRelayServerComponents) => CircuitRelayService {
  const { content, rate, limit, duration, reservations } = limits
  const create = circuitRelayServer({
    ...RELAY,
    reservations: {
      ...RELAY.reservations,
      maxReservations: reservations,
      // the library takes milliseconds here, and says as many seconds to both ends
      defaultDurationLimit: content ? duration * 1000 : RELAY_SIGNALLING.durationMs,
      defaultDataLimit: BigInt(content ? limit : RELAY_SIGNALLING.bytes)
    }
  })
  const bucket = new TokenBucket(clock, rate, Math.max(1, rate * RELAY_BURST_MS / 1000))
  /** The stream of whoever asked for the connection that is being made. */
  const asking = new AsyncLocalStorage<Stream>()

  const destination = (connection: Connection): Connection => overlay(connection, {
    async newStream (...args) {
      const stream = await connection.newStream(...args)
      const source = asking.getStore()
      if (source !== undefined) join(source, stream, bucket, clock)
      return stream
    }
  } satisfies Partial<Connection>)

  return components => create(overlay(components, {
    registrar: overlay(components.registrar, {
      async handle (protocol, handler: StreamHandler, options) {
        await components.registrar.handle(protocol, (stream, connection) => asking.run(stream, () => handler(stream, connection)), options)
      }
    } satisfies Partial<CircuitRelayServerComponents['registrar']>),
    connectionManager: overlay(components.connectionManager, {
      // the library takes the first, whatever it is: the newest is the one that surely lives, and what is relayed itself is not relayed on
      getConnections: peer => components.connectionManager.getConnections(peer)
        .filter(({ status, limits }) => status === 'open' && limits === undefined).toReversed().map(destination)
    } satisfies Partial<CircuitRelayServerComponents['connectionManager']>)
  }))
}
