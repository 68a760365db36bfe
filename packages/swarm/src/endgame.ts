import { ENDGAME_BLOCKS, ENDGAME_GAIN, ENDGAME_MS } from './defaults.js'
import { etaOf, etaOfFlight, underWay } from './estimate.js'
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

  run (state: State): void {
    if (state.holders.size === 0) return
    if (state.now - this.#ranAt < ENDGAME_MS) {
      state.wake(this.#ranAt + ENDGAME_MS)
      return
    }
    const free: Peer[] = []
    for (const peer of state.peers.values()) {
      const done = peer.exhausted || (peer.flights.size === 0 && !state.board.available)
      // whoever stalls takes nothing over: two of them would hand the last block to and fro for ever
      if (done && !peer.stalled && peer.slots.count > 0 && peer.usable(state.now) && state.view(peer).room) free.push(peer)
    }
    // who was asked for everything has nobody to help
    if (free.every(peer => peer.flights.size === state.holders.size)) return
    state.wake(state.now + ENDGAME_MS)
    this.#ranAt = state.now
    const slowest = candidates(state)
    free.sort((a, b) => etaOf(a, 0) - etaOf(b, 0))
    for (const peer of free) help(state, peer, slowest, peer.flights.size === 0 && !state.board.available)
  }
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

/** @param twice what is being sent may be asked for twice */
function help (state: State, peer: Peer, slowest: Candidate[], twice: boolean): void {
  let taken = 0
  for (let i = 0; i < slowest.length && taken < ENDGAME_BLOCKS && peer.room; i++) {
    const { key, holder, eta, size, head, sent } = slowest[i] as Candidate
    if ((peer.mask(slotOf(key)) >>> bitOf(key) & 1) === 0 || eta <= ENDGAME_GAIN * etaOf(peer, size)) continue
    const kept = head && !holder.stalled
    if (kept ? !twice || !state.mayDuplicate : sent > 0 && !state.mayRecall) continue
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
}
