import type { KadDHT } from '@libp2p/kad-dht'
import type { Clock, Random } from '@shoal/base'
import type { PeerName, SwarmId } from '@shoal/interface'
import type { Datastore } from 'interface-datastore'

/** What becomes of provider records and lookups. */
export type RoutingEvent =
  /** `nodes` DHT nodes took our record. */
  | { type: 'provided', swarm: SwarmId, nodes: number }
  /** Nobody did; the next try comes in `retryMs`. Told when the reason changes, not at every try. */
  | { type: 'provide-failed', swarm: SwarmId, reason: string, retryMs: number }
  /** A fault of the DHT itself, not for want of nodes. */
  | { type: 'failed', swarm: SwarmId, doing: string, reason: string }

export interface RoutingInit {
  /** Told of every record and failure. */
  readonly onevent?: ((event: RoutingEvent) => void) | undefined
}

export interface RoutingComponents {
  /** Of `kadDHT(dhtDefaults(…))`. */
  readonly dht: Pick<KadDHT, 'findProviders' | 'getClosestPeers' | 'provide' | 'cancelReprovide'>
  /** Our own, as a `PeerId` or as text. */
  readonly peerId: { toString (): PeerName }
  /** Our own addresses; without any there is nothing to provide. */
  readonly addresses: () => readonly unknown[]
  /** The DHT's datastore, where it outlives the process: provider records from before a start are thrown out of it. */
  readonly datastore?: Pick<Datastore, 'queryKeys' | 'deleteMany'> | undefined
  readonly clock: Clock
  readonly random: Random
}
