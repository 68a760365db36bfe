import { MAX_ADDRESS_AGE_MS, MAX_PEER_AGE_MS } from './defaults.js'

/** Options for the peer store beside a DHT: whatever it says of a provider has to outlive the provider's record. */
export function peerStoreDefaults (): { maxPeerAge: number, maxAddressAge: number } {
  return { maxPeerAge: MAX_PEER_AGE_MS, maxAddressAge: MAX_ADDRESS_AGE_MS }
}
