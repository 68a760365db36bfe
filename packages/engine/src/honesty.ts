import { BoundedMap, TokenBucket, type Clock } from '@shoal/base'
import type { PeerName } from '@shoal/interface'
import { PEERS_WATCHED, STALE_BLOCKS, STALE_BLOCKS_PER_SECOND } from './defaults.js'

/**
 * Who refuses blocks that they say they hold. Stores evict and have-maps travel, so some of that is honest; more is a lie that costs its
 * hearer a round trip for every block.
 */
export class Honesty {
  readonly #clock: Clock
  readonly #buckets = new BoundedMap<PeerName, TokenBucket>(PEERS_WATCHED)

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** A block that the peer says it holds was not to be had there. Returns true when that is one too many. */
  missing (peer: PeerName): boolean {
    let bucket = this.#buckets.get(peer)
    if (bucket === undefined) this.#buckets.set(peer, bucket = new TokenBucket(this.#clock, STALE_BLOCKS_PER_SECOND, STALE_BLOCKS))
    return !bucket.take(1)
  }
}
