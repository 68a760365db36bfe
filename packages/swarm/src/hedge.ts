import { CAUTION, MAX_BLOCK_BYTES, OVERDUE_MS, PROBE_BLOCKS, PROBE_MS, RUN_BLOCKS } from './defaults.js'
import { etaOf } from './estimate.js'
import { keyOf } from './key.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/**
 * An origin that takes too long keeps its requests, for nobody knows whether the peers are better; they are asked as well, for the last
 * blocks first, so that both meet in the middle.
 */
export function hedge (state: State): void {
  if (state.jobs.count === 0) return
  for (const { slot, bit, eta } of state.jobs.overdue()) {
    if (((state.board.flying[slot] as number) >>> bit & 1) === 1) continue
    let best: Peer | undefined
    for (const peer of state.peers.values()) {
      if ((peer.mask(slot) >>> bit & 1) === 0 || peer.stalled || !peer.usable(state.now)) continue
      state.wake(state.now + OVERDUE_MS)
      if (state.view(peer).room && (best === undefined || etaOf(peer, 0) < etaOf(best, 0))) best = peer
    }
    if (best === undefined || etaOf(best, MAX_BLOCK_BYTES) * CAUTION > eta) continue
    state.displaced.set(keyOf(slot, bit), { from: 'origin', reason: eta === Infinity ? 'stalled' : 'deadline' })
    state.request(best, slot, bit)
  }
}

/**
 * What the origin is asked for is also asked of an idle peer, the last blocks first, where that costs no time: a peer that is not measured,
 * or was too slow when it was, would otherwise never get a chance as long as deadlines press. One at a time, within the budget for
 * duplicates.
 */
export function probe (state: State, found: readonly Front[]): void {
  if (state.jobs.count === 0 || !state.mayDuplicate) return
  for (const front of found) {
    const { deadline } = front.want
    if (!affordable(state, deadline)) continue
    for (const peer of state.peers.values()) {
      // who stalls is asked for one block at a time, which is the far pass's
      if (peer.flights.size > 0 || peer.stalled || state.now - peer.busySince < PROBE_MS) continue
      if (!peer.usable(state.now) || !state.view(peer).room) continue
      const blocks = lastOf(state, front, peer)
      // fewer give no measurement
      if (blocks.length < Math.min(PROBE_BLOCKS, front.want.end - front.want.first)) continue
      for (const { slot, bit } of blocks) {
        state.request(peer, slot, bit)
        state.duplicated += peer.flights.get(keyOf(slot, bit)) ?? 0
      }
      return
    }
  }
}

/** The origin is in time even if a probe takes from what it gets, or it is late without. */
function affordable (state: State, deadline: number): boolean {
  const { jobs, now } = state
  return now + jobs.queued(PROBE_BLOCKS * MAX_BLOCK_BYTES) * CAUTION <= deadline || (jobs.measured && now + jobs.queued(0) > deadline)
}

/** The last blocks that the origin was asked for and that the peer holds. */
function lastOf (state: State, front: Front, peer: Peer): { slot: number, bit: number }[] {
  const blocks: { slot: number, bit: number }[] = []
  for (let i = front.slots.length - 1; i >= 0 && blocks.length < PROBE_BLOCKS; i--) {
    const slot = front.slots[i] as number
    const mask = (front.masks[i] as number) & (state.board.origin[slot] as number) & ~(state.board.flying[slot] as number) & peer.mask(slot)
    for (let bit = RUN_BLOCKS - 1; bit >= 0 && blocks.length < PROBE_BLOCKS; bit--) if ((mask >>> bit & 1) === 1) blocks.push({ slot, bit })
  }
  return blocks
}
