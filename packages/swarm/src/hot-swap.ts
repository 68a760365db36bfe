import { OVERDUE_MS } from './defaults.js'
import { overdue, overdueFrom, underWay } from './estimate.js'
import type { Peer } from './peer.js'
import { bitOf, slotOf } from './key.js'
import type { State } from './state.js'

/**
 * A peer whose deliveries fall far behind its rate keeps what it is sending and gets nothing more until that is here. What waits in its
 * queue is open again when somebody else may give it: for as long as bytes trickle in, no stall would tell. What is under way already comes
 * twice then, for which there is a budget.
 */
export class HotSwap {
  #ranAt = -Infinity
  /** When a peer will be overdue, and for which requests that was worked out. */
  #dueAt = Infinity
  #dueFor = -1

  run (state: State): void {
    if (state.holders.size === 0) return
    const { now } = state
    const runs = now - this.#ranAt >= OVERDUE_MS
    if (runs) {
      this.#ranAt = now
      for (const peer of state.peers.values()) {
        if (peer.flights.size > 0 && !peer.stalled && (peer.slow || overdue(state.view(peer)))) unload(state, peer)
      }
    }
    if (runs || this.#dueFor !== state.asked) {
      this.#dueFor = state.asked
      this.#dueAt = due(state)
    }
    if (this.#dueAt < Infinity) state.wake(Math.max(this.#dueAt, this.#ranAt + OVERDUE_MS))
  }
}

/** When somebody has to be looked at again if nothing comes until then. */
function due (state: State): number {
  let at = Infinity
  for (const [peer] of state.holders.values()) {
    if (peer === undefined || peer.stalled) continue
    // what it was asked for beside may find another
    if (!peer.slow) at = Math.min(at, overdueFrom(state.view(peer)))
    else if (peer.flights.size > 1) return state.now
  }
  return at
}

function unload (state: State, slow: Peer): void {
  slow.slow = true
  state.disown(slow)
  for (const key of [...slow.flights.keys()].slice(1)) {
    const sent = underWay(state, slow, key)
    if (sent > 0 && !state.mayRecall) continue
    for (const peer of state.peers.values()) {
      if ((peer.mask(slotOf(key)) >>> bitOf(key) & 1) === 0 || peer.choked || peer.stalled || peer.slow) continue
      state.recalled += sent
      state.cancel(slow, key)
      state.displace(key, 'peer', 'stalled')
      break
    }
  }
}
