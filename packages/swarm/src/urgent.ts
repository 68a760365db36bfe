import { CAUTION, ORIGIN_URGENT_JOBS, RUN_BLOCKS, WATCH_MS } from './defaults.js'
import { begin, crowd, share, type Place } from './crowd.js'
import { etaOf, etaOfFlight } from './estimate.js'
import { fetchBlocks } from './origin-pass.js'
import type { Peer } from './peer.js'
import { keyOf } from './key.js'
import { Forecast, leave } from './late.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/**
 * The last moment: what peers will not deliver in time moves to a faster peer, or else to the origin. A block that its peer is
 * sending already stays there too, as a hedge: whichever comes first wins.
 */
export function urgent (state: State, found: readonly Front[]): void {
  for (const front of found) {
    if (state.now < front.urgentAt) {
      state.wake(front.urgentAt)
      continue
    }
    const { segment, deadline } = front.want
    const origin = state.jobs.usable(segment)
    if (!origin && state.jobs.possible(segment)) state.wake(state.jobs.readyAt)
    const limit = Math.max(deadline, origin ? state.now + state.jobs.queued(front.bytes) : 0)
    const others = crowd(state, front)
    const late: Place[] = []
    let watched = false
    const forecast = new Forecast(state, others.length > 0)
    front.slots.forEach((slot, i) => {
      const mask = (front.masks[i] as number) & ~(state.board.origin[slot] as number)
      for (let bit = 0; bit < RUN_BLOCKS; bit++) {
        if ((mask >>> bit & 1) === 0) continue
        const holders = state.holders.get(keyOf(slot, bit))
        // without a source, only an event can help
        watched ||= origin || holders !== undefined
        const kept = holders === undefined
          ? forecast.takes(slot, bit, limit, true)
          : forecast.brings(holders, slot, bit, limit) || swap(state, holders, slot, bit, limit)
        if (!kept) late.push({ slot, bit })
      }
    })
    if (watched) state.wake(state.now + WATCH_MS)
    if (!origin || late.length === 0 || state.jobs.count >= ORIGIN_URGENT_JOBS) continue
    const blocks: number[] = []
    for (const { slot, bit } of others.length > 0 ? share(state, front, late, others) : begin(state, front, late)) {
      leave(state, slot, 1 << bit)
      blocks.push((state.board.runs[slot] as number) * RUN_BLOCKS + bit)
    }
    fetchBlocks(state, segment, blocks, state.peers.size === 0 ? 'no-peer' : 'deadline')
  }
}

/** Moves a block to a peer that is clearly faster; in time, too, when the origin could be. */
function swap (state: State, holders: readonly Peer[], slot: number, bit: number, limit: number): boolean {
  const key = keyOf(slot, bit)
  const segment = state.board.segments[slot] as number
  const size = state.parts.size(segment, (state.board.runs[slot] as number) * RUN_BLOCKS + bit)
  const origin = state.jobs.usable(segment)
  const now = Math.min(...holders.map(peer => etaOfFlight(state, peer, key)))
  let best: Peer | undefined
  let least = now / 2
  for (const peer of state.peers.values()) {
    if ((peer.mask(slot) >>> bit & 1) === 0 || !peer.usable(state.now) || holders.includes(peer)) continue
    if (!state.view(peer).room || peer.rate <= 0) continue
    const eta = etaOf(peer, size)
    if (eta >= least || (origin && state.now + eta * CAUTION > limit)) continue
    best = peer
    least = eta
  }
  if (best === undefined) return false
  for (const peer of [...holders]) state.cancel(peer, key)
  state.displaced.set(key, { from: 'peer', reason: 'deadline' })
  state.request(best, slot, bit)
  return true
}
