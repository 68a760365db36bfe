import { ASSUMED_PEER_RATE_BPS } from './defaults.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'

/** ms until a block of `size` bytes asked of the peer now would be here. `viewed` peers only. */
export function etaOf (peer: Peer, size: number): number {
  const rate = peer.rate > 0 ? peer.rate : ASSUMED_PEER_RATE_BPS
  return (Math.max(0, peer.link.outstanding + peer.added) + size) * 1000 / rate + (peer.link.rtt ?? 0)
}

/** ms until a block that the peer was asked for is here: what was asked before it comes first. Nothing is expected of a stalled peer. */
export function etaOfFlight (state: State, peer: Peer, key: number): number {
  if (peer.stalled) return Infinity
  if (peer.timed !== state.turn) {
    peer.timed = state.turn
    peer.etas.clear()
    const rate = state.view(peer).rate > 0 ? peer.rate : ASSUMED_PEER_RATE_BPS
    let own = 0
    for (const size of peer.flights.values()) own += size
    let ahead = Math.max(0, peer.link.outstanding + peer.added - own)
    for (const [asked, size] of peer.flights) peer.etas.set(asked, (ahead += size) * 1000 / rate)
  }
  return peer.etas.get(key) ?? etaOf(peer, 0)
}
