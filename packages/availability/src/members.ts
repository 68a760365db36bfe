import { BoundedMap } from '@shoal/base'
import type { PeerName } from '@shoal/interface'
import { COUNT_EVERY_MS, MAX_MEMBERS, MIN_GAP_MS } from './defaults.js'

interface Member { sequence: number, heardAt: number, expiresAt: number }

/** The peers of one swarm as their announcements show them. Those that expired stay for their sequence until others need the room. */
export class Members {
  readonly #members = new BoundedMap<PeerName, Member>(MAX_MEMBERS)
  #count = 0
  #countedAt = -Infinity

  /** Takes note of an announcement; the reason when it must not count. */
  hear (peer: PeerName, sequence: number, ttlMs: number, now: number): 'old' | 'too-often' | undefined {
    const known = this.#members.get(peer)
    if (known !== undefined && sequence <= known.sequence) return 'old'
    if (known !== undefined && now - known.heardAt < MIN_GAP_MS) return 'too-often'
    if (known === undefined || known.expiresAt <= now) this.#countedAt = -Infinity
    this.#members.set(peer, { sequence, heardAt: now, expiresAt: now + ttlMs })
    return undefined
  }

  /** Peers whose last announcement is valid still; counted once a second. */
  count (now: number): number {
    if (now - this.#countedAt < COUNT_EVERY_MS) return this.#count
    this.#count = 0
    this.#countedAt = now
    for (const [, member] of this.#members.entries()) if (member.expiresAt > now) this.#count++
    return this.#count
  }
}
