import { ENDGAME_BLOCKS, ENDGAME_GAIN, ENDGAME_MS } from './defaults.js'
import { etaOf, etaOfFlight, slowerFrom, underWay } from './estimate.js'
import type { Peer } from './peer.js'
import { bitOf, slotOf } from './key.js'
import type { State } from './state.js'

/** Requests looked at for one idle peer. */
const CANDIDATES = 32

/**
 * Peers for which nothing is left take over the slowest requests of others. One that waits in its peer's queue moves (a cancel, no waste);
 * what of it is under way by then comes twice, for which there is a budget. When every block that some peer has is asked for, the one that
 * is being sent is asked for twice, within another, and the loser is cancelled on arrival.
 */
export class Endgame {
  #ranAt = -Infinity
  /** When that may find something again, and for which requests that was worked out. */
  #dueAt = Infinity
  #dueFor = -1

  run (state: State): void {
    if (state.holders.size === 0 || !contested(state)) return
    if (state.now - this.#ranAt < ENDGAME_MS) {
      if (this.#dueFor !== state.asked) this.#dueAt = this.#ranAt + ENDGAME_MS
      if (this.#dueAt < Infinity) state.wake(this.#dueAt)
      return
    }
    const free: Peer[] = []
    for (const peer of state.peers.values()) {
      const done = peer.exhausted || (peer.flights.size === 0 && !state.board.available)
      // whoever stalls takes nothing over: two of them would hand the last block to and fro for ever
      if (!done || peer.stalled || peer.slots.count === 0 || !peer.usable(state.now)) continue
      if (helps(state, peer) && state.view(peer).room) free.push(peer)
    }
    if (free.length === 0) return
    this.#ranAt = state.now
    this.#dueFor = state.asked
    const slowest = candidates(state)
    free.sort((a, b) => etaOf(a, 0) - etaOf(b, 0))
    let next = Infinity
    for (const peer of free) next = Math.min(next, help(state, peer, slowest, peer.flights.size === 0 && !state.board.available))
    this.#dueAt = Math.max(next, state.now + ENDGAME_MS)
    if (next < Infinity) state.wake(this.#dueAt)
  }
}

/** Somebody beside those who were asked for it holds a block that was asked for. */
function contested (state: State): boolean {
  const { board } = state
  for (const [key, asked] of state.holders) {
    const [slot, bit] = [slotOf(key), bitOf(key)]
    if (asked.length === 1 && ((board.origin[slot] as number) >>> bit & 1) === 0 && board.holders(slot, bit) > 1) return true
  }
  return false
}

/** The peer holds a block that another was asked for. */
function helps (state: State, peer: Peer): boolean {
  const { board } = state
  for (const [key, asked] of state.holders) {
    const [slot, bit] = [slotOf(key), bitOf(key)]
    if (asked.length === 1 && asked[0] !== peer && (peer.mask(slot) >>> bit & 1) === 1 &&
      ((board.origin[slot] as number) >>> bit & 1) === 0) return true
  }
  return false
}

interface Candidate {
  readonly key: number
  readonly holder: Peer
  readonly eta: number
  readonly size: number
  /** Its holder is sending it. */
  readonly head: boolean
  /** Bytes of it that a cancel would not stop. */
  readonly sent: number
}

function candidates (state: State): Candidate[] {
  const found: Candidate[] = []
  for (const [key, [holder, second]] of state.holders) {
    // what the origin was asked for as well is covered
    if (holder === undefined || second !== undefined || ((state.board.origin[slotOf(key)] as number) >>> bitOf(key) & 1) === 1) continue
    const head = holder.flights.keys().next().value === key
    const sent = holder.stalled ? 0 : underWay(state, holder, key)
    found.push({ key, holder, eta: etaOfFlight(state, holder, key), size: holder.flights.get(key) ?? 0, head, sent })
  }
  return found.sort((a, b) => b.eta - a.eta).slice(0, CANDIDATES)
}

/**
 * @param twice what is being sent may be asked for twice
 * @returns from when on the peer may take something over if nothing comes until then
 */
function help (state: State, peer: Peer, slowest: Candidate[], twice: boolean): number {
  let taken = 0
  let next = Infinity
  for (let i = 0; i < slowest.length && taken < ENDGAME_BLOCKS && peer.room; i++) {
    const { key, holder, eta, size, head, sent } = slowest[i] as Candidate
    if (holder === peer || (peer.mask(slotOf(key)) >>> bitOf(key) & 1) === 0) continue
    const kept = head && !holder.stalled
    if (kept && (!twice || !state.mayDuplicate)) continue
    const gain = ENDGAME_GAIN * etaOf(peer, size)
    if (eta <= gain || (!kept && sent > 0 && !state.mayRecall)) {
      next = Math.min(next, slowerFrom(state, holder, key, gain))
      continue
    }
    if (kept) state.duplicated += size
    else {
      state.recalled += sent
      state.cancel(holder, key)
    }
    state.displaced.set(key, { from: 'peer', reason: 'endgame' })
    state.request(peer, slotOf(key), bitOf(key))
    slowest.splice(i--, 1)
    taken++
  }
  return taken > 0 ? state.now : next
}
