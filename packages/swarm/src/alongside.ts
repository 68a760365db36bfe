import type { Peer } from './peer.js'
import type { State } from './state.js'

export interface Company {
  /** Their hashes. */
  readonly near: readonly number[]
  /** How many of those who lack something are likely company: counts for peers of whom only the name is known. */
  readonly share: number
}

/**
 * The neighbours that miss something of a segment, and those of them that will want it when we do: they hold something of what we got
 * last. Who is elsewhere in the film lacks the segment no less, but fetches it much later, or never: whoever waits for such a one waits
 * in vain. Who has got nothing yet cannot tell, and takes all for company.
 */
export function companions (state: State, segment: number, lacks: (peer: Peer) => boolean): Company {
  const near: number[] = []
  let lacking = 0
  for (const peer of state.peers.values()) {
    if (!lacks(peer)) continue
    lacking++
    if (alongside(state, peer, segment)) near.push(peer.seed)
  }
  // of one or two not much follows
  return { near, share: (near.length + 1) / (lacking + 1) }
}

/** There are so many neighbours at our place for whom this holds. */
export function accompanied (state: State, segment: number, least: number, holds: (peer: Peer) => boolean): boolean {
  let left = least
  for (const peer of state.peers.values()) if (alongside(state, peer, segment) && holds(peer) && --left <= 0) return true
  return false
}

/** Whether the peer is where we are. It is looked up once for each segment that either gets something of. */
function alongside ({ trail }: State, peer: Peer, segment: number): boolean {
  const { place } = peer
  if (place.version !== trail.version || place.segment !== segment) {
    const beside = trail.beside(segment)
    place.version = trail.version
    place.segment = segment
    place.near = beside.length === 0 || beside.some(other => peer.have.some(other))
  }
  return place.near
}
