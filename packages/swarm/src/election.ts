import {
  ELECTION_COPIES, ELECTION_PAUSE_MS, ELECTION_PAUSE_SHARE, ELECTION_RTT_SHARE, ELECTION_RTTS, ELECTION_WIDE_PAUSE_MS
} from './defaults.js'

/** A peer's hash in a swarm: FNV-1a over both names, the same on every machine. */
export function electionSeed (swarm: string, peer: string): number {
  return electionSeeds(swarm)(peer)
}

/** The same for many peers of one swarm, whose name is hashed once. */
export function electionSeeds (swarm: string): (peer: string) => number {
  const base = mix(mix(0x811c9dc5, swarm), '\n')
  return peer => mix(base, peer) >>> 0
}

function mix (hash: number, text: string): number {
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/** A peer's weight for a segment, 32 bits: the highest fetches it. The finaliser is MurmurHash3's. */
export function electionWeight (seed: number, segment: number): number {
  let hash = seed ^ Math.imul(segment + 1, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** How many of `others` come before `self` in the rendezvous order of a segment: 0 is elected. */
export function electionRank (self: number, others: Iterable<number>, segment: number): number {
  const own = electionWeight(self, segment)
  let rank = 0
  for (const seed of others) {
    const weight = electionWeight(seed, segment)
    if (weight > own || (weight === own && seed > self)) rank++
  }
  return rank
}

/** Who may be elected beside ourselves, by their hashes. */
export interface Electorate {
  readonly self: number
  /** Neighbours. */
  readonly near: readonly number[]
  /** Peers of which only the name is known, and how likely each is to want what we want. */
  readonly strangers: readonly number[]
  readonly share: number
  /** Peers of which not even that is known. */
  readonly unknown: number
}

/**
 * Milliseconds that we leave the origin to others. While the known peers are the swarm, each rank waits one pause longer, and a stranger
 * counts for as much of one as it is likely to want the segment; in a swarm too large to know, everybody is elected whose weight falls
 * under copies/size, a threshold that doubles every pause.
 *
 * @param left ms until the bytes are needed
 * @param rtt to the farthest of them, where every moment counts: sooner its word may not be here
 */
export function electionWait (
  { self, near, strangers, share, unknown }: Electorate, segment: number, left: number, rtt = 0
): number {
  const most = Math.max(0, left * ELECTION_PAUSE_SHARE, Math.min(left * ELECTION_RTT_SHARE, ELECTION_RTTS * rtt))
  const known = 1 + near.length + share * strangers.length
  const size = known + share * unknown
  if (size <= 1.5 * known + 1) {
    return Math.min(ELECTION_PAUSE_MS, most) * (electionRank(self, near, segment) + share * electionRank(self, strangers, segment))
  }
  const place = electionWeight(self, segment) / 0x1_0000_0000
  return Math.min(ELECTION_WIDE_PAUSE_MS, most) * Math.max(0, Math.log2(place * size / ELECTION_COPIES))
}
