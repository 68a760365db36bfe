import { claimOf, unitOf } from './claim.js'
import { CAUTION, NEARER_FACTOR, OVERDUE_MS, RARE_HOLDERS, RUN_BLOCKS, SPREAD_FIRST, SPREAD_PAUSE_MS } from './defaults.js'
import { electionWeight } from './election.js'
import { etaOf, untried } from './estimate.js'
import { company, crowd } from './crowd.js'
import { halfway } from './late.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/**
 * Peers in order of deadline: each missing block goes to the peer that would deliver it first, so a segment is striped over peers by their
 * rates. A slow peer gets a block only when it makes the deadline; otherwise the block waits for room at a faster one, and no later pass
 * may give it away.
 *
 * @param roomy peers that may be asked for something
 */
export function near (state: State, found: readonly Front[], roomy: Peer[]): void {
  let candidates = roomy
  for (const front of found) {
    if (candidates.length === 0) return
    const { deadline, segment } = front.want
    const backed = state.jobs.usable(segment)
    const hurry = backed && state.now >= front.urgentAt
    const limit = hurry ? Math.max(deadline, state.now + state.jobs.queued(front.bytes)) : backed ? halfway(state, front) : deadline
    const crowded = hurry && (crowd(state, front).length > 0 || (state.jobs.pending(segment) > 1 && company(state, front)))
    for (const { slot, bit } of order(state, front, candidates)) {
      const quickest = choose(state, candidates, slot, bit, { limit, backed, hurry: hurry && !crowded })
      if (quickest === undefined || (!hurry && !state.pushed(segment) && !first(state, quickest, slot, bit))) continue
      const peer = hurry ? quickest : nearest(state, candidates, { slot, bit, quickest, limit })
      state.request(peer, slot, bit)
      if (backed) state.wake(state.now + OVERDUE_MS)
      if (!peer.room) candidates = candidates.filter(other => other !== peer)
    }
  }
}

/**
 * The open blocks of a front that `candidates` hold. While there is time, the rarest first, and of what hardly anybody has each neighbour
 * first what rendezvous hashing gives it: viewers of the same moment then get different blocks from the one that has them, and the rest
 * from each other. If all asked in order, all would hold the same blocks at the same time and have nothing to exchange.
 */
function order (state: State, front: Front, candidates: readonly Peer[]): { slot: number, bit: number }[] {
  const { board } = state
  const blocks: { slot: number, bit: number, holders: number, claim: number }[] = []
  const relaxed = state.now < front.urgentAt
  front.slots.forEach((slot, i) => {
    const open = board.open(slot) & (front.masks[i] as number) & ~state.pushes.mask(slot)
    if (open === 0) return
    let held = 0
    for (const peer of candidates) held |= peer.mask(slot)
    for (let bit = 0; bit < RUN_BLOCKS; bit++) {
      if (((open & held) >>> bit & 1) === 0) continue
      const holders = board.holders(slot, bit)
      blocks.push({ slot, bit, holders, claim: relaxed && holders <= RARE_HOLDERS ? claimOf(state, slot, 1 << bit, bit + 1) : 0 })
    }
  })
  return relaxed ? blocks.sort((a, b) => a.holders - b.holders || b.claim - a.claim) : blocks
}

/**
 * Whether it is our turn to ask the peer for a block that it has just got and hardly anybody else has. A few begin, and twice as many with
 * every pause: if all its neighbours asked for each block as they hear of it, it would send the first to all of them before anybody had
 * anything to pass on.
 */
function first (state: State, peer: Peer, slot: number, bit: number): boolean {
  if (state.board.holders(slot, bit) > RARE_HOLDERS) return true
  const pauses = Math.floor((state.now - peer.gainedAt) / SPREAD_PAUSE_MS)
  const most = SPREAD_FIRST * 2 ** pauses
  if (most >= state.peers.size) return true
  const unit = unitOf(state.board, slot, bit + 1)
  const own = electionWeight(state.self, unit)
  let before = 0
  for (const other of state.peers.values()) {
    if ((other.mask(slot) >>> bit & 1) === 0 && electionWeight(other.seed, unit) > own && ++before >= most) {
      state.wake(peer.gainedAt + (pauses + 1) * SPREAD_PAUSE_MS)
      return false
    }
  }
  return true
}

interface Terms {
  /** When the block has to be there. */
  readonly limit: number
  /** The origin brings what no peer brings by then... */
  readonly backed: boolean
  /** ...and has to be asked now: only a peer that has shown it will be in time may have the block. */
  readonly hurry: boolean
}

function choose (state: State, candidates: readonly Peer[], slot: number, bit: number, { limit, backed, hurry }: Terms): Peer | undefined {
  const size = state.parts.size(state.board.segments[slot] as number, (state.board.runs[slot] as number) * RUN_BLOCKS + bit)
  let best: Peer | undefined
  let bestEta = Infinity
  for (const peer of candidates) {
    if ((peer.mask(slot) >>> bit & 1) === 0 || (hurry && peer.rate <= 0)) continue
    const eta = etaOf(peer, size)
    if (eta >= bestEta) continue
    best = peer
    bestEta = eta
  }
  if (best === undefined || state.now + bestEta * CAUTION <= limit) return best
  if (backed) return !hurry && untried(best) ? best : undefined
  // whoever else has it may be worth waiting for
  for (const peer of state.peers.values()) {
    if ((peer.mask(slot) >>> bit & 1) === 1 && peer.usable(state.now) && 2 * etaOf(state.view(peer), size) < bestEta) return undefined
  }
  return best
}

interface Choice {
  readonly slot: number
  readonly bit: number
  readonly quickest: Peer
  readonly limit: number
}

/** Of those who would bring the block about as soon as the quickest, and in time, the nearest: its bytes cost the least transit. */
function nearest (state: State, candidates: readonly Peer[], { slot, bit, quickest, limit }: Choice): Peer {
  const { parts: { nearness, size }, board } = state
  if (nearness === undefined) return quickest
  const bytes = size(board.segments[slot] as number, (board.runs[slot] as number) * RUN_BLOCKS + bit)
  const most = Math.min(NEARER_FACTOR * etaOf(quickest, bytes), limit - state.now)
  let chosen = quickest
  let near = nearness(quickest.name)
  for (const peer of candidates) {
    if ((peer.mask(slot) >>> bit & 1) === 0 || peer.rate <= 0) continue
    const nearer = nearness(peer.name)
    if (nearer <= near || etaOf(peer, bytes) * CAUTION > most || !first(state, peer, slot, bit)) continue
    chosen = peer
    near = nearer
  }
  return chosen
}
