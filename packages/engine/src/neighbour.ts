import type { HaveMap } from '@shoal/interface'
import { EXCHANGED_MS, USELESS_MS } from './defaults.js'

/** How a neighbour behaves towards us. Kept by its member, judged here. */
export class Conduct {
  /** A block came from it or went to it. */
  exchangedAt = -Infinity
  /** It gives us no slot, or refuses what it holds, since its last block. */
  refusing = false
  /** It was asked and nothing comes. */
  stalled = false
  uselessSince: number | undefined

  /** A block came or went. */
  exchanged (now: number, came: boolean): void {
    this.exchangedAt = now
    if (came) this.refusing = this.stalled = false
  }

  /**
   * Bytes go either way, or could: it lacks something that we hold, or has something that we lack and would give it.
   *
   * @param ours `undefined` while the manifest is not known: then everybody may help
   */
  judge (theirs: HaveMap, ours: HaveMap | undefined, segments: number, now: number): boolean {
    const useful = now - this.exchangedAt < EXCHANGED_MS || (!this.stalled && (ours === undefined || offers(ours, theirs, segments) ||
      (!this.refusing && offers(theirs, ours, segments))))
    if (useful) this.uselessSince = undefined
    else this.uselessSince ??= now
    return useful
  }

  /** It has been of no use for so long that somebody else should have its place. */
  hopeless (now: number): boolean {
    return this.uselessSince !== undefined && now - this.uselessSince >= USELESS_MS
  }
}

/** `giver` has something of a segment that `taker` has not whole. Looks at segments only where the counts do not tell. */
function offers (giver: HaveMap, taker: HaveMap, segments: number): boolean {
  if (taker.completeSegments >= segments) return false
  if (giver.completeSegments > taker.completeSegments) return true
  for (let segment = 0; segment < segments; segment++) if (!taker.complete(segment) && giver.some(segment)) return true
  return false
}
