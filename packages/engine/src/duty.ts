import type { Duty, PeerProfile } from '@shoal/interface'
import { CACHE_STORE_BYTES, CACHE_UPTIME_S, SEED_RATE_BPS, SMALL_SWARM } from './defaults.js'

/** What matters of a content for the duties that a node takes for it. */
export interface ContentFacts {
  /** Copies of each segment that the node was told to care for; 0: none. */
  readonly replication: number
  /** Estimated peers in the swarm, ourselves included. */
  readonly swarmSize: number
}

/**
 * Weak peers, which are phones, give nothing or were measured to be slow, take no duty but in a swarm so small that nobody else may be
 * found. Caching is for those that were told to, are likely to stay and have room: what a short-lived node copies is soon gone again.
 */
export function dutyOf ({ capacity, upRate = Infinity, uptime, store }: PeerProfile, { replication, swarmSize }: ContentFacts): Duty {
  if (capacity < 2 || upRate < SEED_RATE_BPS) return swarmSize > SMALL_SWARM ? 'none' : 'seed'
  const lasting = capacity === 3 || uptime >= CACHE_UPTIME_S
  return replication > 0 && lasting && store.quota >= CACHE_STORE_BYTES ? 'cache' : 'seed'
}
