import { nextCommon } from './bits.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/** Watches for a wanted segment of which nobody has some block, soonest deadline first. */
export class Starving {
  found: { readonly segment: number, readonly since: number } | undefined

  /** Something of the segment came. */
  fed (segment: number): void {
    if (this.found?.segment === segment) this.found = undefined
  }

  look (state: State, found: readonly Front[]): void {
    if (this.found !== undefined && starves(state, this.found.segment)) return
    this.found = undefined
    let segment = found.find(front => starves(state, front.want.segment))?.want.segment
    const { orphans } = state.board
    for (let slot = 0; segment === undefined && (slot = nextCommon(orphans, orphans, slot, state.board.size)) >= 0; slot++) {
      const candidate = state.board.segments[slot] as number
      if (!state.jobs.usable(candidate)) segment = candidate
      // an origin that is well gives all the rest, save segments that differ there
      else break
    }
    if (segment !== undefined) this.found = { segment, since: state.now }
  }
}

function starves (state: State, segment: number): boolean {
  const { board } = state
  if (state.jobs.usable(segment)) return false
  for (const slot of board.slotsOf(segment) ?? []) {
    if (slot >= 0 && (board.orphans.has(slot) || board.unheld(slot, board.origin[slot] as number) !== 0)) return true
  }
  return false
}
