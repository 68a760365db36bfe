import type { Peer } from './peer.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/** So many segments that we got last tell who watches what we watch, about where we are. */
const TRAIL = 3

/** The segments with a deadline of which we got something last: where we are in the content. */
export class Trail {
  #segments: readonly number[] = []

  /** Something of it is here. */
  step (segment: number): void {
    if (this.#segments[0] === segment) return
    this.#segments = [segment, ...this.#segments.filter(other => other !== segment)].slice(0, TRAIL + 1)
  }

  /** Those beside this one. */
  beside (segment: number): readonly number[] {
    return this.#segments.filter(other => other !== segment).slice(0, TRAIL)
  }
}

export interface Company {
  readonly near: readonly Peer[]
  /** How many of those who lack something are likely company: counts for peers of whom only the name is known. */
  readonly share: number
}

/**
 * The neighbours that miss something of a front, and those of them that will want it when we do: they hold something of what we got
 * last. Who is elsewhere in the film lacks the segment no less, but fetches it much later, or never: whoever waits for such a one waits
 * in vain. Who has got nothing yet cannot tell, and takes all for company.
 */
export function companions (state: State, front: Front, lacks: (peer: Peer) => boolean): Company {
  const beside = state.trail.beside(front.want.segment)
  const near: Peer[] = []
  let lacking = 0
  for (const peer of state.peers.values()) {
    if (!lacks(peer)) continue
    lacking++
    if (beside.length === 0 || beside.some(segment => peer.have.some(segment))) near.push(peer)
  }
  // of one or two not much follows
  return { near, share: (near.length + 1) / (lacking + 1) }
}
