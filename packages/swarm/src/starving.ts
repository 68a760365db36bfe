import { nextCommon } from './bits.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/** Watches for a wanted segment of which nobody has some block, soonest deadline first. */
export class Starving {
  found: { readonly segment: number, readonly since: number } | undefined
  /** Where its block is that nobody has. */
  #slot = 0

  /** Something of the segment came. */
  fed (segment: number): void {
    if (this.found?.segment === segment) this.found = undefined
  }

  look (state: State, found: readonly Front[]): void {
    const { board } = state
    const before = this.found
    if (before !== undefined && board.segments[this.#slot] === before.segment && starves(state, this.#slot)) return
    this.found = undefined
    for (const front of found) {
      for (const slot of state.jobs.usable(front.want.segment) ? [] : front.slots) if (this.#note(state, slot, before)) return
    }
    for (let slot = 0; (slot = nextCommon(board.orphans, board.orphans, slot, board.size)) >= 0; slot++) {
      // an origin that is well gives all the rest, save segments that differ there
      if (state.jobs.usable(board.segments[slot] as number) || this.#note(state, slot, before)) return
    }
  }

  #note (state: State, slot: number, before: Starving['found']): boolean {
    if (!starves(state, slot)) return false
    const segment = state.board.segments[slot] as number
    this.#slot = slot
    this.found = before?.segment === segment ? before : { segment, since: state.now }
    return true
  }
}

function starves (state: State, slot: number): boolean {
  const { board } = state
  if (state.jobs.usable(board.segments[slot] as number)) return false
  return board.orphans.has(slot) || board.unheld(slot, board.origin[slot] as number) !== 0
}
