import { BoundedMap, type Clock } from '@shoal/base'
import type { PeerName, PenaltyReason } from '@shoal/interface'
import { BAN_MS, BAN_SCORE, PEERS_REMEMBERED, PENALTIES, PENALTY_HALF_LIFE_MS, STALLED_MAX_SCORE, SUSPECT_SCORE } from './defaults.js'

/** What peers have done wrong: a sum of penalties that fades with time, and a ban when it has become too much. */
export class Standing {
  readonly #clock: Clock
  readonly #sums = new BoundedMap<PeerName, { sum: number, at: number }>(PEERS_REMEMBERED)
  /** Beside the sums, so that a crowd of small offenders drives no ban out. */
  readonly #bans = new BoundedMap<PeerName, number>(PEERS_REMEMBERED)

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** Counts a misdeed. Returns the peer's score: from 0, nothing known, down to −100, banned. */
  penalise (peer: PeerName, reason: PenaltyReason): number {
    const before = this.#sum(peer)
    const most = reason === 'stalled' ? Math.max(before, STALLED_MAX_SCORE) : Infinity
    const sum = Math.min(before + PENALTIES[reason], most)
    const now = this.#clock.now()
    if (sum < BAN_SCORE) {
      this.#sums.set(peer, { sum, at: now })
    } else {
      // starts anew when the ban is over
      this.#sums.delete(peer)
      this.#bans.set(peer, now + BAN_MS)
    }
    return this.score(peer)
  }

  /** From 0, nothing known, down to −100, banned; one decimal. */
  score (peer: PeerName): number {
    return this.banned(peer) ? -BAN_SCORE : 0 - Math.round(this.#sum(peer) * 10) / 10
  }

  banned (peer: PeerName): boolean {
    const until = this.#bans.get(peer)
    if (until === undefined) return false
    if (until > this.#clock.now()) return true
    this.#bans.delete(peer)
    return false
  }

  /** Not banned, but others are to be preferred. */
  suspect (peer: PeerName): boolean {
    return this.#sum(peer) > SUSPECT_SCORE
  }

  #sum (peer: PeerName): number {
    const known = this.#sums.get(peer)
    return known === undefined ? 0 : known.sum * 0.5 ** ((this.#clock.now() - known.at) / PENALTY_HALF_LIFE_MS)
  }
}
