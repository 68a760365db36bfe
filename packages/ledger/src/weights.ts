import type { Conditions } from './types.js'

/** Points of a full score by what they are given for, and how many more (or fewer) at full congestion, or in a popular content. */
interface Weight {
  readonly base: number
  readonly congestion: number
  readonly popularity: number
}

export type Term = 'contribution' | 'reciprocity' | 'reliability' | 'speed' | 'locality'

/**
 * The weight table. While there is room for all, whoever is reliable and quick is good company; the scarcer upload gets, the more it
 * matters who gives. A content that many hold can be had nearby; one that few hold is taken from wherever it is.
 */
export const WEIGHTS: Readonly<Record<Term, Weight>> = {
  // gives much
  contribution: { base: 35, congestion: 25, popularity: 0 },
  // gives no less than it takes
  reciprocity: { base: 15, congestion: 20, popularity: 0 },
  // what it sends is of use
  reliability: { base: 25, congestion: -15, popularity: 0 },
  // soon after it was asked for
  speed: { base: 15, congestion: -5, popularity: -5 },
  // from the same network
  locality: { base: 10, congestion: 0, popularity: 10 }
}

/** Points by term under these conditions: never negative, 100 in all. */
export function weightsFor ({ congestion, popularity }: Conditions): Readonly<Record<Term, number>> {
  const points = (term: Term): number => Math.max(0,
    WEIGHTS[term].base + WEIGHTS[term].congestion * clamp(congestion) + WEIGHTS[term].popularity * clamp(popularity))
  const all = {
    contribution: points('contribution'),
    reciprocity: points('reciprocity'),
    reliability: points('reliability'),
    speed: points('speed'),
    locality: points('locality')
  }
  const scale = 100 / (all.contribution + all.reciprocity + all.reliability + all.speed + all.locality)
  for (const term of Object.keys(all) as Term[]) all[term] *= scale
  return all
}

const OPEN_SHARE_RARE = 0.5
const OPEN_SHARE_FULL = 0.05

/** The share of a contended upload for those who gave nothing yet: half where contention is rare, little where it is the rule. */
export function openShare (congestion: number): number {
  const full = clamp(congestion)
  return OPEN_SHARE_RARE * (1 - full) + OPEN_SHARE_FULL * full
}

/** What a byte of a content counts for whoever gives it: twice as much where nobody else could. */
export function worth (popularity: number): number {
  return 2 - clamp(popularity)
}

/** A claim on upload counts this much more within the same network. */
export const LOCAL_CLAIM = 1.25

function clamp (share: number): number {
  return share > 0 ? Math.min(1, share) : 0
}
