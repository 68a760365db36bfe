import { ASSUMED_PEER_RATE_BPS, FIRST_BYTES_MS, MAX_BLOCK_BYTES, OVERDUE_FACTOR, TRANSPORT_BYTES } from './defaults.js'
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
  return waited === 0 ? rate : Math.min(rate, (bytesBefore(peer) + firstOf(peer)) * 1000 / waited)
}

/** Nothing speaks against it yet: it was not measured, and has not been waited for longer than for first bytes. `viewed` peers only. */
export function untried (peer: Peer): boolean {
  return peer.rate <= 0 && !peer.stalled && !overdue(peer)
}

/** What it was asked for is so late that its rate says nothing any more. `viewed` peers only. */
export function overdue (peer: Peer): boolean {
  return peer.rate > 0 ? paceOf(peer) < peer.rate / OVERDUE_FACTOR : waitedFor(peer) > FIRST_BYTES_MS
}

/** From when on that is so if nothing comes from the peer until then. `viewed` peers with flights only. */
export function overdueFrom (peer: Peer): number {
  return waitedAt(peer, peer.rate > 0 ? (bytesBefore(peer) + firstOf(peer)) * 1000 * OVERDUE_FACTOR / peer.rate : FIRST_BYTES_MS)
}

/** When the peer will have been waited for longer than this beyond a round trip, if nothing comes from it until then. */
function waitedAt (peer: Peer, ms: number): number {
  return peer.busySince + (peer.link.rtt ?? 0) + Math.max(0, ms - (peer.rate > 0 ? 0 : peer.vain)) + 1
}

function firstOf (peer: Peer): number {
  return peer.flights.values().next().value ?? MAX_BLOCK_BYTES
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
  queue(state, peer)
  const bytes = peer.queue.get(key)
  return bytes === undefined ? etaOf(peer, 0) : bytes * 1000 / peer.pace
}

/** From when on `etaOfFlight` is longer than `ms` if nothing comes from the peer until then. */
export function slowerFrom (state: State, peer: Peer, key: number, ms: number): number {
  if (etaOfFlight(state, peer, key) > ms) return state.now
  const bytes = peer.queue.get(key)
  return bytes === undefined ? Infinity : waitedAt(peer, ms * (bytesBefore(peer) + firstOf(peer)) / bytes)
}

/**
 * Bytes of a block that come though it is cancelled now, likely: what the peer sends until it hears of it, and what it handed to its
 * transport before.
 */
export function underWay (state: State, peer: Peer, key: number): number {
  queue(state, peer)
  const size = peer.flights.get(key) ?? 0
  const before = (peer.queue.get(key) ?? Infinity) - size
  return Math.max(0, Math.min(size, peer.pace * (peer.link.rtt ?? 0) / 1000 + TRANSPORT_BYTES - before))
}

/** Reads the peer's link, and adds up what was asked of it, once for a decision. */
function queue (state: State, peer: Peer): void {
  if (peer.timed === state.turn) return
  peer.timed = state.turn
  peer.queue.clear()
  peer.pace = paceOf(state.view(peer))
  let bytes = bytesBefore(peer)
  for (const [asked, size] of peer.flights) peer.queue.set(asked, bytes += size)
}
