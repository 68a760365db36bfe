import { BAN_SCORE } from './defaults.js'
import type { Conditions, PeerFacts } from './types.js'
import { LOCAL_CLAIM, weightsFor } from './weights.js'

/** Given bytes at which half of what can be earned is earned. */
const HALF_EARNED_BYTES = 16 * 1024 * 1024
/** Latency at which half of the points for speed are given. */
const HALF_SPEED_MS = 500

/**
 * What a peer is worth to this node: from −100, shut out, over 0, nothing known, towards 100; one decimal.
 *
 *     score = earned × (contribution × earned + reciprocity × given ÷ (given + taken)
 *             + reliability × received ÷ (received + wasted) + speed × 500 ms ÷ (500 ms + latency) + locality if local) − penalty
 *     earned = given ÷ (given + 16 MiB)
 *
 * with the points of `weightsFor`. All that is good is earned by verified bytes and multiplied by how many: an identity that gave nothing
 * has 0 points, however it behaves, so a new one is never worth more than an old one that did no wrong.
 */
export function score (facts: PeerFacts, conditions: Conditions): number {
  if (facts.banned) return -BAN_SCORE
  const { given, taken, received, wasted, latency, penalty } = facts
  let points = 0
  if (given > 0) {
    const weights = weightsFor(conditions)
    const earned = given / (given + HALF_EARNED_BYTES)
    points = earned * (
      weights.contribution * earned +
      weights.reciprocity * given / (given + taken) +
      weights.reliability * reliability(received, wasted) +
      weights.speed * HALF_SPEED_MS / (HALF_SPEED_MS + latency) +
      (conditions.local ? weights.locality : 0)
    )
  }
  return Math.max(-BAN_SCORE, round(points - penalty))
}

/**
 * What a peer may claim of a contended upload, in proportion to the claims of the others: the bytes that it gave, fading, less for what of
 * them was of no use and for its penalties.
 *
 * Proportional and not winner-takes-all: giving just enough to be among the best few earns no more than was given (Levin et al.,
 * "BitTorrent is an Auction", SIGCOMM 2008).
 */
export function claim ({ given, received, wasted, penalty, banned }: PeerFacts, { local }: Pick<Conditions, 'local'>): number {
  if (banned || given === 0) return 0
  return given * reliability(received, wasted) * (local ? LOCAL_CLAIM : 1) * Math.max(0, 1 - penalty / BAN_SCORE)
}

function reliability (received: number, wasted: number): number {
  return received === 0 ? 0 : received / (received + wasted)
}

function round (score: number): number {
  // no negative zero
  return Math.round(score * 10) / 10 + 0
}
