import { BoundedMap } from '@shoal/base'
import type { PeerName } from '@shoal/interface'
import { COUNT_EVERY_MS, COUNTED_INTERVALS, MAX_DEPTH, MAX_MEMBERS, MIN_GAP_MS } from './defaults.js'

interface Member {
  /** How many of the highest bits of its place are ours. */
  readonly bits: number
  readonly sequence: number
  readonly heardAt: number
  /** Mean time between its announcements. */
  readonly intervalMs: number
  readonly depth: number
}

/** Peers by how many of the highest bits of their places are ours: `at(n)` counts those that share n or more. */
export class Census {
  readonly #byBits = new Array<number>(MAX_DEPTH + 2).fill(0)
  readonly #depths = new Array<number>(MAX_DEPTH + 1).fill(0)
  #total = 0

  get total (): number {
    return this.#total
  }

  add ({ bits, depth }: Pick<Member, 'bits' | 'depth'>): void {
    this.#total++
    this.#byBits[bits] = (this.#byBits[bits] ?? 0) + 1
    this.#depths[depth] = (this.#depths[depth] ?? 0) + 1
  }

  at (bits: number): number {
    let count = 0
    for (let more = bits; more < this.#byBits.length; more++) count += this.#byBits[more] ?? 0
    return count
  }

  /** The middle one of all depths that they say. */
  get common (): number | undefined {
    let below = 0
    const middle = this.#depths.findIndex(count => (below += count) * 2 > this.#total)
    return middle < 0 ? undefined : middle
  }
}

/** The peers of one swarm as their announcements show them. Those that fell silent stay for their sequence until others need the room. */
export class Members {
  readonly #members = new BoundedMap<PeerName, Member>(MAX_MEMBERS)
  #census = new Census()
  #countedAt = -Infinity

  /** How many bits of its place a peer that was heard shares with us. */
  bits (peer: PeerName): number | undefined {
    return this.#members.get(peer)?.bits
  }

  /** Takes note of an announcement; the reason when it must not count. */
  hear (peer: PeerName, member: Omit<Member, 'heardAt'>, now: number): 'old' | 'too-often' | undefined {
    const known = this.#members.get(peer)
    if (known !== undefined && member.sequence <= known.sequence) return 'old'
    if (known !== undefined && now - known.heardAt < MIN_GAP_MS) return 'too-often'
    if (known === undefined) this.#census.add(member)
    this.#members.set(peer, { ...member, heardAt: now })
    return undefined
  }

  /**
   * Those who are there still; counted anew once a second at most, and twenty times an interval. Somebody new counts at once.
   *
   * @param intervalMs ours: where a swarm grows, the others' intervals have become as long since they spoke
   */
  census (now: number, intervalMs: number): Census {
    if (now - this.#countedAt < Math.max(COUNT_EVERY_MS, intervalMs / 20)) return this.#census
    this.#countedAt = now
    this.#census = new Census()
    for (const [, member] of this.#members.entries()) {
      if (now - member.heardAt > COUNTED_INTERVALS * Math.max(intervalMs, member.intervalMs)) continue
      this.#census.add(member)
    }
    return this.#census
  }
}
