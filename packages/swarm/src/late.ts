import { CAUTION, RUN_BLOCKS } from './defaults.js'
import { etaOfFlight, overdue, paceOf, untried } from './estimate.js'
import type { Peer } from './peer.js'
import { keyOf } from './key.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/** What peers will have delivered by a given time, by what they have shown; block after block, in the order in which they are needed. */
export class Forecast {
  readonly #state: State
  readonly #trusting: boolean
  #bytes = 0

  /** @param trusting peers that are not measured yet count as good until what was asked of them is overdue; else as useless */
  constructor (state: State, trusting: boolean) {
    this.#state = state
    this.#trusting = trusting
  }

  /** One of those who were asked for the block brings it in time. */
  brings (holders: readonly Peer[], slot: number, bit: number, limit: number): boolean {
    const state = this.#state
    return holders.some(peer => {
      if (state.view(peer).rate <= 0 && !this.#trusting) return false
      if (this.#trusting && untried(peer)) return true
      return state.now + etaOfFlight(state, peer, keyOf(slot, bit)) * CAUTION <= limit
    })
  }

  /**
   * A block that nobody was asked for yet: the peers that hold it have time left for it, taken together.
   *
   * @param full only those with full windows: the others were passed over already
   */
  takes (slot: number, bit: number, limit: number, full: boolean): boolean {
    const state = this.#state
    let rate = 0
    let queued = 0
    for (const peer of state.peers.values()) {
      if ((peer.mask(slot) >>> bit & 1) === 0 || peer.stalled || !peer.usable(state.now)) continue
      if ((state.view(peer).rate <= 0 && !this.#trusting) || (full && peer.room)) continue
      if (this.#trusting && untried(peer)) return true
      rate += paceOf(peer)
      queued += Math.max(0, peer.link.outstanding + peer.added)
    }
    if (rate === 0) return false
    this.#bytes += state.parts.size(state.board.segments[slot] as number, (state.board.runs[slot] as number) * RUN_BLOCKS + bit)
    return state.now + (queued + this.#bytes) * 1000 / rate * CAUTION <= limit
  }
}

/**
 * Until when peers may take for a front that the origin stands by for: half of the time; for what is handed on at once, and asked for as
 * soon as it is there, all but what the origin needs.
 */
export function halfway (state: State, front: Front): number {
  const half = state.now + (front.want.deadline - state.now) / 2
  return state.pushed(front.want.segment) ? Math.max(half, front.urgentAt) : half
}

/** The origin takes over: peers keep only what they are sending, as a hedge; one that is long overdue counts as stalled. */
export function leave (state: State, slot: number, blocks: number): void {
  for (let rest = blocks; rest !== 0; rest &= rest - 1) {
    const key = keyOf(slot, 31 - Math.clz32(rest & -rest))
    for (const peer of [...state.holders.get(key) ?? []]) {
      state.displaced.set(key, { from: 'peer', reason: 'deadline' })
      // or it would be trusted with the next segment again
      if (!peer.stalled && overdue(state.view(peer))) state.stall(peer)
      const sending = !peer.stalled && peer.rate > 0 && peer.flights.keys().next().value === key
      if (!sending) state.cancel(peer, key)
    }
  }
}
