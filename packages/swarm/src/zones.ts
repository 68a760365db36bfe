import {
  FRONTS_BYTES, NEAR_MS, ORIGIN_DATED_BYTES, RUN_BLOCKS, SWAP_MS, URGENT_MARGIN_MIN_MS, URGENT_MARGIN_MS, URGENT_MARGIN_SHARE,
  URGENT_MARGIN_TIMES
} from './defaults.js'
import type { State } from './state.js'
import { within, type Missing, type WantState } from './wants.js'

/** What is missing at the front of a want with a deadline. */
export interface Front extends Missing {
  readonly want: WantState & { deadline: number }
  /** From now on the origin would be late, or, without one, requests must move to the fastest peers. */
  readonly urgentAt: number
}

/** The fronts of the urgent and near zones, soonest first, up to a bound; unless `all` are asked for, wants beyond them are bulk. */
export function fronts (state: State, all: boolean): Front[] {
  const found: Front[] = []
  let bytes = 0
  for (const want of state.wants.dated) {
    if (!all && want.deadline - state.now > NEAR_MS) {
      state.wake(want.deadline - NEAR_MS)
      break
    }
    const front = frontOf(state, want)
    if (front === undefined) continue
    found.push(front)
    if ((bytes += front.bytes) >= FRONTS_BYTES) break
  }
  return found
}

/** ms that the origin is to have to spare when it is asked for so many bytes in the last moment. */
export function marginOf (state: State, { segment, lead }: WantState, bytes: number): number {
  if (state.pushed(segment)) return Math.min(URGENT_MARGIN_MS, URGENT_MARGIN_SHARE * lead)
  const { jobs } = state
  if (!jobs.measured || state.served) return URGENT_MARGIN_MS
  return Math.max(URGENT_MARGIN_MIN_MS, Math.min(URGENT_MARGIN_MS, URGENT_MARGIN_TIMES * jobs.duration(bytes)))
}

function frontOf (state: State, want: WantState & { deadline: number }): Front | undefined {
  const index = state.board.slotsOf(want.segment)
  if (index === undefined) return undefined
  const end = Math.min(index.length, Math.ceil(want.end / RUN_BLOCKS))
  while (want.cursor < end && (index[want.cursor] as number) < 0) want.cursor++
  const last = want.front
  if (last === undefined || !same(state, want, index, last)) want.front = missing(state, want, index, end)
  const front = want.front as Missing
  if (front.slots.length === 0) return undefined
  const urgentAt = state.jobs.possible(want.segment)
    ? want.deadline - state.jobs.queued(front.bytes) - marginOf(state, want, front.bytes)
    : want.deadline - SWAP_MS
  return { ...front, want, urgentAt }
}

function missing (state: State, want: WantState, index: Int32Array, end: number): Missing {
  const slots: number[] = []
  const masks: number[] = []
  let bytes = 0
  let run = want.cursor
  for (; run < end && bytes < ORIGIN_DATED_BYTES; run++) {
    const slot = index[run] as number
    if (slot < 0) continue
    const mask = (state.board.wanted[slot] as number) & within(want, run)
    if (mask === 0) continue
    slots.push(slot)
    masks.push(mask)
    for (let bit = 0; bit < RUN_BLOCKS; bit++) if ((mask >>> bit & 1) === 1) bytes += state.parts.size(want.segment, run * RUN_BLOCKS + bit)
  }
  return { slots, masks, bytes, end: run }
}

/** Whether the same is missing as when it was last looked at. */
function same (state: State, want: WantState, index: Int32Array, last: Missing): boolean {
  let i = 0
  for (let run = want.cursor; run < last.end; run++) {
    const slot = index[run] as number
    const mask = slot < 0 ? 0 : (state.board.wanted[slot] as number) & within(want, run)
    if (mask === 0) continue
    if (last.slots[i] !== slot || last.masks[i++] !== mask) return false
  }
  return i === last.slots.length
}
