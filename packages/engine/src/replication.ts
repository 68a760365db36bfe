import type { HaveMap } from '@shoal/interface'

/** A peer of the swarm, ourselves included. */
export interface Holder {
  /** Its hash for rendezvous in this swarm. */
  readonly seed: number
  readonly have: Pick<HaveMap, 'complete'>
}

/** How many of `others` come before `self` in the order of a segment. */
export type Rank = (self: number, others: Iterable<number>, segment: number) => number

export interface ReplicationView {
  readonly self: Holder
  readonly others: readonly Holder[]
  /** Segments `first` to `end` (exclusive) are looked at. */
  readonly first: number
  readonly end: number
  /** Copies that there should be of each. */
  readonly target: number
  readonly rank: Rank
  /** Peers that each of `others` stands for: 1 while they are the swarm. */
  readonly scale: number
  /** How many times longer than usual the segment has had too few copies: 0 for one just noticed. */
  readonly patience: (segment: number) => number
}

export interface ReplicationPlan {
  /** Segments with too few copies that it is ours to fetch, and that somebody can give; the rarest first. */
  readonly want: readonly number[]
  /** Segments with too few copies, whoever is to fetch them. */
  readonly short: readonly number[]
  /** Segments held here that enough others hold; the most copied first. */
  readonly surplus: readonly number[]
  /** Copies of the rarest segment. */
  readonly least: number
}

/**
 * Who copies what, and who may drop what, agreed without talking: rendezvous hashing orders the peers of the swarm for each segment. Of
 * those who lack it the first fetch it, as many as copies are missing; as nobody knows who takes such duties, twice as many with each
 * patience. Of those who hold it the first `target` keep it, so no two drop the last surplus at once.
 *
 * O(segments × peers).
 */
export function replicate ({ self, others, first, end, target, rank, scale, patience }: ReplicationView): ReplicationPlan {
  const want: { segment: number, copies: number }[] = []
  const surplus: { segment: number, copies: number }[] = []
  const short: number[] = []
  let least = Infinity
  for (let segment = first; segment < end; segment++) {
    const held = self.have.complete(segment)
    let givers = 0
    for (const { have } of others) if (have.complete(segment)) givers++
    const copies = givers * scale + (held ? 1 : 0)
    least = Math.min(least, copies)
    const same = function * (): Generator<number> {
      for (const { seed, have } of others) if (have.complete(segment) === held) yield seed
    }
    if (copies < target) {
      short.push(segment)
      if (held || givers === 0) continue
      const missing = Math.ceil((target - copies) / scale)
      if (rank(self.seed, same(), segment) < missing * 2 ** patience(segment)) want.push({ segment, copies })
    } else if (held && copies > target && rank(self.seed, same(), segment) * scale >= target) surplus.push({ segment, copies })
  }
  return {
    want: want.sort((a, b) => a.copies - b.copies).map(({ segment }) => segment),
    short,
    surplus: surplus.sort((a, b) => b.copies - a.copies).map(({ segment }) => segment),
    least
  }
}
