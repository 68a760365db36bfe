import { OVERDUE_MS } from './defaults.js'
import { overdue, underWay } from './estimate.js'
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

  run (state: State): void {
    if (state.holders.size === 0) return
    const at = this.#ranAt + OVERDUE_MS
    state.wake(Math.max(at, state.now + 1))
    if (at > state.now) return
    this.#ranAt = state.now
    state.wake(state.now + OVERDUE_MS)
    for (const peer of state.peers.values()) {
      if (peer.flights.size > 0 && !peer.stalled && (peer.slow || overdue(state.view(peer)))) unload(state, peer)
    }
  }
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
