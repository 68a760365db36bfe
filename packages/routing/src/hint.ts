import type { PeerHint } from '@shoal/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { withPeer } from './addrs.js'
import { MAX_ADDRS_PER_PEER } from './defaults.js'

/** A peer and some of its addresses as a DHT names it. Addresses of somebody else are left out. */
export function hintOf (id: { toString (): string }, multiaddrs: readonly Multiaddr[]): PeerHint {
  const peer = id.toString()
  return { peer, addrs: [...new Set(multiaddrs.slice(0, MAX_ADDRS_PER_PEER).flatMap(addr => withPeer(addr, peer) ?? []))] }
}
