import { nextCommon } from './bits.js'
import { LEVELS } from './board.js'
import { claimOf } from './claim.js'
import { RARE_HOLDERS, REFRESH_MS, RUN_BLOCKS } from './defaults.js'
import { etaOf } from './estimate.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'
import { Turns } from './turns.js'
import type { Front } from './zones.js'

/** Levels of the runs that hardly anybody has, and how many of them to weigh against each other. */
const RARE_LEVELS = 2 * RARE_HOLDERS
const LOOKS = 32
/** Hashes that one draw may take: with many neighbours fewer runs are weighed. */
const HASHES = 1_024

/** Fills the windows: rarest run first, at random among equals, and through a run before the next. What is near is not looked at. */
export function far (state: State, found: readonly Front[], roomy: Peer[]): void {
  if (roomy.length === 0) return
  const nearby = new Map<number, number>()
  for (const { slots, masks } of found) slots.forEach((slot, i) => { nearby.set(slot, (nearby.get(slot) ?? 0) | (masks[i] as number)) })
  // the last open blocks go to the fastest
  if (roomy.length > 1) roomy.sort((a, b) => etaOf(a, 0) - etaOf(b, 0))
  for (const peer of roomy) {
    if (!peer.quick) {
      // as with a full window: it rests until it delivers, unless all that it has to do is other swarms'
      if (peer.flights.size > 0) state.stirred.delete(peer)
      else state.wake(state.now + REFRESH_MS)
      continue
    }
    if (fill(state, peer, nearby)) continue
    peer.exhausted = true
    // it may take over what others were asked for
    state.asked++
    state.stirred.delete(peer)
  }
}

/** @returns whether there may be more to ask the peer for, once its window has room or time has passed */
function fill (state: State, peer: Peer, nearby: ReadonlyMap<number, number>): boolean {
  const { board } = state
  let heldBack = false
  const open = (slot: number): number => {
    const blocks = board.open(slot) & peer.mask(slot) & ~state.pushes.mask(slot)
    const rest = blocks & ~(nearby.get(slot) ?? 0)
    heldBack ||= blocks !== rest
    return rest
  }
  let turns: Turns | undefined = new Turns(state, peer, open)
  while (peer.quick) {
    const turn = turns?.next()
    if (turn === 'wait') return true
    if (turn !== undefined) {
      state.request(peer, turn.slot, turn.bit)
      continue
    }
    turns = undefined
    let slot = peer.current ?? -1
    if (slot < 0 || open(slot) === 0) {
      state.disown(peer)
      slot = draw(state, peer, open)
      if (slot < 0) return heldBack
      if (board.owner(slot) === undefined) {
        peer.current = slot
        peer.backwards = claimOf(state, slot, open(slot), 0) < 0
        board.own(slot, peer)
      }
    }
    if (peer.current !== slot) {
      // whoever helps with another's run begins at the other end
      state.request(peer, slot, 31 - Math.clz32(open(slot)))
      continue
    }
    for (let mask = open(slot); mask !== 0 && peer.quick; mask = open(slot)) {
      state.request(peer, slot, rarest(state, slot, mask, peer.backwards))
    }
  }
  return true
}

/** Of the blocks in `mask` the one that fewest hold; of equals the first, or the last. */
function rarest (state: State, slot: number, mask: number, backwards: boolean): number {
  let found = 0
  let least = Infinity
  for (let i = 0; i < RUN_BLOCKS; i++) {
    const bit = backwards ? RUN_BLOCKS - 1 - i : i
    if ((mask >>> bit & 1) === 0 || state.board.givers(slot, bit) >= least) continue
    found = bit
    least = state.board.givers(slot, bit)
  }
  return found
}

/**
 * The next run for a peer. Among rare runs chance alone would have neighbours ask a lone seeder for the same blocks, and each copy that it
 * sends twice makes the whole download longer; so, as for the origin, rendezvous hashing over the neighbours that lack the run names who
 * begins with it, and each takes what it ranks highest for.
 */
function draw (state: State, peer: Peer, open: (slot: number) => number): number {
  const { board } = state
  const start = Math.floor(state.parts.random() * board.size)
  for (let level = 0; level < LEVELS; level++) {
    const slots = board.levels[level]
    if (slots === undefined || slots.count === 0) continue
    let looks = level < RARE_LEVELS ? Math.max(4, Math.min(LOOKS, Math.floor(HASHES / state.peers.size))) : 1
    let best = -1
    let most = -Infinity
    for (const [from, to] of [[start, board.size], [0, start]] as const) {
      for (let slot = from; looks > 0 && (slot = nextCommon(slots, peer.slots, slot, to)) >= 0; slot++) {
        const blocks = open(slot)
        if (blocks === 0) {
          if ((peer.mask(slot) & (board.wanted[slot] as number)) === 0) peer.setMask(slot, 0)
          continue
        }
        looks--
        const claim = level < RARE_LEVELS ? claimOf(state, slot, blocks, 0) : 0
        if (claim <= most) continue
        best = slot
        most = claim
      }
    }
    if (best >= 0) return best
  }
  return -1
}
