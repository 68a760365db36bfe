import { unitOf } from './claim.js'
import { ACTIVE_MS, PUSH_CHILDREN, PUSH_GRACE_MS, PUSH_LISTEN_MS, RUN_BLOCKS } from './defaults.js'
import { electionWeight } from './election.js'
import { bitOf, slotOf } from './key.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/**
 * Low-latency segments go down a tree: who gets one hands it on the moment it has it, to those that have subscribed. That saves the two
 * ways of hearing that it is there and asking for it. The tree is another one for each block. Its root is whoever gets the block from
 * the origin, or has it already; the others are in the order of rendezvous hashing, and each finds its parent by its own place in it.
 * Neighbours that know different others find slightly different trees: what does not come by the tree is pulled, as everything else is.
 */
export function push (state: State, found: readonly Front[]): void {
  watch(state)
  for (const front of found) {
    const { segment } = front.want
    if (state.now >= front.urgentAt || !state.pushed(segment)) continue
    const fetching = state.fetching.of(segment)
    const at = (fetching?.since ?? 0) + PUSH_LISTEN_MS
    if (at > state.now) {
      state.wake(at)
      continue
    }
    front.slots.forEach((slot, i) => {
      const open = state.board.open(slot) & (front.masks[i] as number) & ~state.pushes.mask(slot)
      for (let bit = 0; bit < RUN_BLOCKS; bit++) {
        if ((open >>> bit & 1) === 0) continue
        const parent = parentOf(state, slot, bit, fetching)
        if (parent === undefined) continue
        state.pushes.add(parent, slot, bit)
        // those who are no neighbours of who fetches it find us
        if (state.fetching.tell(segment)) state.outbox.fetching(segment)
      }
    })
  }
}

/** What a parent holds now is on its way; one that has it later than others do is left. */
function watch (state: State): void {
  if (state.pushes.size === 0) return
  for (const [key, subscription] of state.pushes) {
    const { parent } = subscription
    const [slot, bit] = [slotOf(key), bitOf(key)]
    if (parent.choked || parent.stalled) state.pushes.settle(key, undefined)
    else if ((parent.mask(slot) >>> bit & 1) === 1) state.request(parent, slot, bit)
    else if (state.board.holders(slot, bit) > 0) {
      subscription.heldAt ??= state.now
      const until = subscription.heldAt + Math.max(PUSH_GRACE_MS, parent.link.rtt ?? 0)
      if (until > state.now) state.wake(until)
      else state.pushes.settle(key, undefined)
    }
  }
}

function parentOf (state: State, slot: number, bit: number, fetching: ReturnType<State['fetching']['of']>): Peer | undefined {
  const held = state.board.holders(slot, bit) > 0
  const fetcher = fetching?.peer
  if (!held && fetcher === undefined) return undefined
  const tried = state.pushes.tried(slot, bit)
  const able = (peer: Peer): boolean => peer.pushes && !peer.stalled && peer.usable(state.now) && tried?.has(peer) !== true
  const unit = unitOf(state.board, slot, bit + 1)
  const own = electionWeight(state.self, unit)
  const before: { peer: Peer, weight: number }[] = []
  for (const peer of state.peers.values()) {
    if (peer === fetcher || (peer.mask(slot) >>> bit & 1) === 1 || peer.activeAt < state.now - ACTIVE_MS) continue
    if (fetching?.by.has(peer.name) === false) continue
    const weight = electionWeight(peer.seed, unit)
    if (weight > own) before.push({ peer, weight })
  }
  const place = before.length
  if (place >= PUSH_CHILDREN) {
    before.sort((a, b) => b.weight - a.weight)
    // its own parent first, then those above
    for (let at = Math.floor(place / PUSH_CHILDREN) - 1; at >= 0; at--) {
      const peer = before[at]?.peer
      if (peer !== undefined && able(peer)) return peer
    }
  }
  // what the root has it is asked for
  return held || fetcher === undefined || !able(fetcher) ? undefined : fetcher
}
