import { RUN_BLOCKS } from './defaults.js'
import type { Want } from './types.js'
import type { PeerName } from '@shoal/interface'

/** What is missing at the front of a want: at most one large request's worth, the rest comes later. */
export interface Missing {
  readonly slots: readonly number[]
  /** Missing blocks of each slot that the want waits for. */
  readonly masks: readonly number[]
  readonly bytes: number
  /** The run behind the last one looked at. */
  readonly end: number
}

/** A want as it is kept. */
export interface WantState {
  readonly id: number
  readonly segment: number
  readonly first: number
  readonly end: number
  deadline: number | undefined
  /** When it was wanted. */
  readonly since: number
  /** ms that there were when it was asked for. */
  lead: number
  /** Runs below this one hold nothing of it that is still missing. */
  cursor: number
  /** When the election for what nobody has of it began, `undefined` while there is none. */
  orphanSince: number | undefined
  /** Since when it is a crowd's in the last moment, `undefined` while it is not. */
  crowdSince: number | undefined
  /** Peers that said they fetch it and did not. */
  readonly broken: Set<PeerName>
  /** Blocks that the peers would not bring in time, by slot, when that was last looked at. */
  hopeless: ReadonlyMap<number, number>
  forecastAt: number
  /** What was missing when it was last looked at. */
  front: Missing | undefined
}

/** Who waits for what. Wants overlap freely: a block is wanted while any want covers it. */
export class Wants {
  readonly #byId = new Map<number, WantState>()
  readonly #bySegment = new Map<number, WantState[]>()
  readonly #dated: (WantState & { deadline: number })[] = []
  #next = 1
  /** Wants without a deadline. */
  bulk = 0

  add (want: Want, now: number): WantState {
    const state: WantState = {
      id: this.#next++, segment: want.segment, first: want.first, end: want.end, deadline: want.deadline, since: now,
      lead: leadOf(want.deadline, now),
      cursor: Math.floor(want.first / RUN_BLOCKS), orphanSince: undefined, crowdSince: undefined, broken: new Set(),
      hopeless: new Map(), forecastAt: -Infinity,
      front: undefined
    }
    this.#byId.set(state.id, state)
    const list = this.#bySegment.get(want.segment)
    if (list === undefined) this.#bySegment.set(want.segment, [state])
    else list.push(state)
    this.#enter(state)
    return state
  }

  remove (id: number): WantState | undefined {
    const state = this.#byId.get(id)
    if (state === undefined) return undefined
    this.#byId.delete(id)
    const rest = (this.#bySegment.get(state.segment) ?? []).filter(other => other !== state)
    if (rest.length === 0) this.#bySegment.delete(state.segment)
    else this.#bySegment.set(state.segment, rest)
    this.#withdraw(state)
    return state
  }

  redate (id: number, deadline: number | undefined, now: number): void {
    const state = this.#byId.get(id)
    if (state === undefined || state.deadline === deadline) return
    this.#withdraw(state)
    state.deadline = deadline
    state.lead = leadOf(deadline, now)
    this.#enter(state)
  }

  of (segment: number): readonly WantState[] {
    return this.#bySegment.get(segment) ?? []
  }

  /** Wants with a deadline, soonest first; of equals the older. */
  get dated (): readonly (WantState & { deadline: number })[] {
    return this.#dated
  }

  #enter (want: WantState): void {
    if (isDated(want)) this.#dated.splice(this.#place(want), 0, want)
    else this.bulk++
  }

  #withdraw (want: WantState): void {
    if (isDated(want)) this.#dated.splice(this.#place(want), 1)
    else this.bulk--
  }

  /** Where it is or belongs among those with a deadline. */
  #place (want: WantState & { deadline: number }): number {
    let low = 0
    for (let high = this.#dated.length; low < high;) {
      const middle = (low + high) >>> 1
      const { deadline, id } = this.#dated[middle] as WantState & { deadline: number }
      if (deadline < want.deadline || (deadline === want.deadline && id < want.id)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Which of the blocks of a run are wanted, one bit each. */
  coverage (segment: number, run: number): number {
    let mask = 0
    for (const want of this.of(segment)) mask |= within(want, run)
    return mask
  }
}

function leadOf (deadline: number | undefined, now: number): number {
  return deadline === undefined ? 0 : Math.max(0, deadline - now)
}

function isDated (want: WantState): want is WantState & { deadline: number } {
  return want.deadline !== undefined
}

/** The blocks of a run that lie in [first, end), one bit each. */
export function within (range: { readonly first: number, readonly end: number }, run: number): number {
  const from = Math.max(0, range.first - run * RUN_BLOCKS)
  const to = Math.min(RUN_BLOCKS, range.end - run * RUN_BLOCKS)
  return to <= from ? 0 : (0xff << from) & (0xff >>> (RUN_BLOCKS - to))
}
