import { ASSUMED_PEER_RATE_BPS, FIRST_BYTES_MS, MAX_BLOCK_BYTES, OVERDUE_FACTOR } from './defaults.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'

/** ms until a block of `size` bytes asked of the peer now would be here. `viewed` peers only. */
export function etaOf (peer: Peer, size: number): number {
  return (Math.max(0, peer.link.outstanding + peer.added) + size) * 1000 / paceOf(peer) + (peer.link.rtt ?? 0)
}

/**
 * Bytes per second that the peer can be counted on for. A session measures what arrives, so a peer that slows down or stops keeps its rate
 * until the next bytes come; but a block that has been waited for so long shows that it is slower by now. `viewed` peers only.
 */
export function paceOf (peer: Peer): number {
  const rate = peer.rate > 0 ? peer.rate : ASSUMED_PEER_RATE_BPS
  const waited = waitedFor(peer)
  const first = peer.flights.values().next().value ?? MAX_BLOCK_BYTES
  return waited === 0 ? rate : Math.min(rate, (bytesBefore(peer) + first) * 1000 / waited)
}

/** Nothing speaks against it yet: it was not measured, and has not been waited for longer than for first bytes. `viewed` peers only. */
export function untried (peer: Peer): boolean {
  return peer.rate <= 0 && !peer.stalled && !overdue(peer)
}

/** What it was asked for is so late that its rate says nothing any more. `viewed` peers only. */
export function overdue (peer: Peer): boolean {
  return peer.rate > 0 ? paceOf(peer) < peer.rate / OVERDUE_FACTOR : waitedFor(peer) > FIRST_BYTES_MS
}

/** ms that the peer has been waited for beyond a round trip. */
function waitedFor (peer: Peer): number {
  const now = peer.flights.size === 0 ? 0 : Math.max(0, peer.viewedAt - peer.busySince - (peer.link.rtt ?? 0))
  // who was never given the time to deliver anything is not new each time
  return peer.rate > 0 ? now : now + peer.vain
}

/** Bytes that the link owes other swarms before it comes to ours. */
function bytesBefore (peer: Peer): number {
  let own = 0
  for (const size of peer.flights.values()) own += size
  return Math.max(0, peer.link.outstanding + peer.added - own)
}

/** ms until a block that the peer was asked for is here: what was asked before it comes first. Nothing is expected of a stalled peer. */
export function etaOfFlight (state: State, peer: Peer, key: number): number {
  if (peer.stalled) return Infinity
  if (peer.timed !== state.turn) {
    peer.timed = state.turn
    peer.etas.clear()
    const pace = paceOf(state.view(peer))
    let ahead = bytesBefore(peer)
    for (const [asked, size] of peer.flights) peer.etas.set(asked, (ahead += size) * 1000 / pace)
  }
  return peer.etas.get(key) ?? etaOf(peer, 0)
}
