import { REFRESH_MS } from './defaults.js'
import type { State } from './state.js'
import type { Peer } from './peer.js'

/** When more slots than this opened at once, every peer looks again. */
const OPENED = 32

/**
 * The peers that a decision looks at: those about which something changed, and those that have room and something is held back from them.
 * The others rest: a full one until it delivers or `REFRESH_MS` are over, one that has nothing to give until it gains or something opens.
 */
export class Lookers {
  #refreshedAt = -Infinity

  /** Those that may be asked for something now. */
  roomy (state: State): Peer[] {
    const { now, board, stirred } = state
    if (now - this.#refreshedAt >= REFRESH_MS) {
      this.#refreshedAt = now
      for (const peer of state.peers.values()) if (!peer.exhausted) stirred.add(peer)
    }
    if (board.opened.length > 0) {
      for (const peer of state.peers.values()) {
        if (peer.exhausted && (board.opened.length > OPENED || board.opened.some(slot => peer.mask(slot) !== 0))) peer.stir()
      }
      board.opened = []
    }
    const roomy: Peer[] = []
    for (const peer of stirred) {
      const at = peer.slots.count > 0 ? peer.usableAt(now) : undefined
      if (at !== undefined) state.wake(at)
      else if (peer.slots.count === 0 || !peer.usable(now)) stirred.delete(peer)
      else if (state.view(peer).room) roomy.push(peer)
      else if (peer.flights.size > 0) stirred.delete(peer)
      // all of its window is other swarms': no event of ours will tell when it frees
      else state.wake(now + REFRESH_MS)
    }
    return roomy
  }
}
