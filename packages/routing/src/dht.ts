import { passthroughMapper, type KadDHTInit } from '@libp2p/kad-dht'
import {
  CLEANUP_INTERVAL_MS, MAX_ADDRESS_AGE_MS, MAX_PEER_AGE_MS, PROVIDER_VALIDITY_MS, QUERY_SELF_INTERVAL_MS
} from './defaults.js'

/** Where the DHT keeps its records in the datastore. */
export const DHT_PREFIX = '/shoal/dht'

export interface DhtInit {
  /** Nodes of another network are in another DHT. */
  readonly network: string
  /** Answer queries and keep records: for nodes that strangers can dial. */
  readonly server: boolean
}

/**
 * Options for a DHT of our own, `/shoal/<network>/kad/1.0.0`.
 *
 * Private addresses stay in: swarms live in local networks too, and whoever dials decides what it may dial. Records live for minutes.
 * `routing` renews them, so the library's own renewal, which knows nothing of what is still held, is left nothing to do. A lookup while
 * nobody is known ends at once instead of waiting.
 */
export function dhtDefaults ({ network, server }: DhtInit): KadDHTInit {
  return {
    protocol: `/shoal/${network}/kad/1.0.0`,
    clientMode: !server,
    peerInfoMapper: passthroughMapper,
    datastorePrefix: DHT_PREFIX,
    allowQueryWithZeroPeers: true,
    querySelfInterval: QUERY_SELF_INTERVAL_MS,
    reprovide: { validity: PROVIDER_VALIDITY_MS, interval: CLEANUP_INTERVAL_MS, threshold: 0 }
  }
}

/** Options for the peer store beside such a DHT: whatever it says of a provider has to outlive the provider's record. */
export function peerStoreDefaults (): { maxPeerAge: number, maxAddressAge: number } {
  return { maxPeerAge: MAX_PEER_AGE_MS, maxAddressAge: MAX_ADDRESS_AGE_MS }
}
