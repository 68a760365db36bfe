import { nextCommon } from './bits.js'
import { accompanied, companions } from './alongside.js'
import { claimOf } from './claim.js'
import {
  ACTIVE_MS, BULK_DEAD_MS, BULK_GRACE_MS, EXPECT_BRIEF_MS, EXPECT_COMPANY, EXPECT_LEAST_MS, EXPECT_MARGIN_MS, MAX_BLOCK_BYTES,
  ORIGIN_AHEAD_JOBS, ORIGIN_BULK_BYTES, ORIGIN_BULK_JOBS, ORIGIN_ELECTED_JOBS, ORIGIN_RANGES, ORIGIN_URGENT_JOBS, OVERDUE_MS,
  RARE_HOLDERS, RUN_BLOCKS, TRUST_FACTOR, WATCH_MS
} from './defaults.js'
import { electionWait } from './election.js'
import { keyOf } from './key.js'
import { Forecast, halfway, leave } from './late.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'
import type { SwarmAction } from './types.js'
import { marginOf, type Front } from './zones.js'

type Reason = Extract<SwarmAction, { type: 'origin' }>['reason']
/** Runs looked at for bulk in one decision before it gives up until the next. */
const TRIES = 64
const NONE: ReadonlyMap<number, number> = new Map()

/** Asks the origin for blocks in rising order: one request per stretch, or one for all when there are too many holes. */
export function fetchBlocks (state: State, segment: number, blocks: readonly number[], reason: Reason): void {
  if (blocks.length === 0) return
  const stretches: [number, number][] = []
  for (const block of blocks) {
    const last = stretches.at(-1)
    if (last?.[1] === block) last[1]++
    else stretches.push([block, block + 1])
  }
  if (stretches.length > ORIGIN_RANGES) stretches.splice(0, stretches.length, [blocks[0] as number, (blocks.at(-1) as number) + 1])
  const tell = state.mode === 'hybrid' && state.peers.size > 0
  stretches.forEach(([first, end], i) => { state.jobs.start(segment, first, end, reason, tell && i === 0) })
}

/** Wants with a deadline that no peer can help with: all of them in mode `origin` or without peers, else by election. */
export function dated (state: State, found: readonly Front[]): void {
  const alone = state.mode === 'origin' || state.peers.size === 0
  // of what the origin gives, or is about to: nothing that has more time may slow it down
  let soonest = Infinity
  const expected = state.mode === 'origin' ? 0 : state.parts.expecting()
  for (const front of found) {
    const { segment } = front.want
    if (!state.jobs.possible(segment)) continue
    // those who come in hold it, perhaps, or take a part of the work
    const patience = Math.min(expected, front.urgentAt - expectMargin(state, front))
    if (state.now < patience && !accompanied(state, segment, EXPECT_COMPANY, () => true)) {
      state.wake(patience)
      continue
    }
    if (!state.jobs.usable(segment)) {
      state.wake(state.jobs.readyAt)
      continue
    }
    if (alone) {
      const most = state.now >= front.urgentAt ? ORIGIN_URGENT_JOBS : ORIGIN_AHEAD_JOBS
      const blocks = state.jobs.count < most ? blocksOf(state, front, slot => state.board.open(slot)) : []
      fetchBlocks(state, segment, blocks, state.mode === 'origin' ? 'mode' : 'no-peer')
      continue
    }
    const relaxed = state.now < front.urgentAt
    if (relaxed && state.now + state.jobs.queued(front.bytes) + marginOf(state, front.want, front.bytes) <= soonest) elect(state, front)
    if (!relaxed || front.slots.some(slot => state.board.origin[slot] !== 0)) soonest = Math.min(soonest, front.want.deadline)
  }
}

/** ms before the last moment until which those who are expected are waited for. */
function expectMargin (state: State, { want, urgentAt }: Front): number {
  const time = urgentAt - want.since
  const half = Math.min(EXPECT_MARGIN_MS, time / 2)
  if (time >= EXPECT_LEAST_MS) return half
  // who plays so close behind live has no time to lose, nor has who is in company already
  if (!state.jobs.measured || state.pushed(want.segment) || stocked(state)) return Infinity
  return time < EXPECT_BRIEF_MS ? 0 : half
}

/** A peer has anything at all. */
function stocked (state: State): boolean {
  for (const peer of state.peers.values()) if (peer.have.completeSegments > 0) return true
  return false
}

function elect (state: State, front: Front): void {
  const { want } = front
  const hopeless = hopelessOf(state, front)
  const blocks = blocksOf(state, front, slot => hopeless.get(slot) ?? 0)
  if (blocks.length === 0) {
    want.orphanSince = undefined
    return
  }
  const until = state.fetching.until(want.segment, front.bytes, want)
  if (until !== undefined) {
    state.wake(until)
    return
  }
  want.orphanSince ??= state.now
  // where every moment counts, nobody waits for those who get nothing themselves
  const pushed = state.pushed(want.segment)
  let rtt = 0
  const { near, share } = companions(state, want.segment, peer => {
    if (want.broken.has(peer.name) || (pushed && peer.activeAt < state.now - ACTIVE_MS) || !lacks(peer, hopeless)) return false
    if (pushed) rtt = Math.max(rtt, state.view(peer).link.rtt ?? 0)
    return true
  })
  // those who have it already elect nobody, nor do those who are elsewhere; of those who are no neighbours as many will be
  const unknown = Math.max(0, state.parts.swarmSize() - 1 - state.peers.size - state.strangers.length)
  const at = want.orphanSince + electionWait({
    self: state.self, near, strangers: state.strangers, share, unknown
  }, want.segment, front.urgentAt - want.orphanSince, rtt)
  if (at > state.now) state.wake(at)
  else if (state.jobs.count < ORIGIN_ELECTED_JOBS) {
    const held = [...hopeless].some(([slot, mask]) => state.board.unheld(slot, mask) !== mask)
    for (const [slot, mask] of hopeless) leave(state, slot, mask)
    fetchBlocks(state, want.segment, blocks, held ? 'deadline' : 'elected')
  }
}

/**
 * What nobody has, and what those who have it are too slow for, by slot. Where somebody has the beginning, somebody is getting the rest: in
 * the first half of the time it is waited for.
 */
function hopelessOf (state: State, front: Front): ReadonlyMap<number, number> {
  const { want } = front
  if (state.now - want.forecastAt >= WATCH_MS) forecast(state, front)
  const { board } = state
  let begun: boolean | undefined
  let hopeless: Map<number, number> | undefined
  front.slots.forEach((slot, i) => {
    const open = board.open(slot)
    let mask = (want.hopeless.get(slot) ?? 0) & (open | (board.flying[slot] as number)) & ~(board.origin[slot] as number)
    const unheld = open === 0 ? 0 : board.unheld(slot, open)
    if (unheld !== 0 && !(begun ??= fresh(state, front) && begins(state, want.segment))) mask |= unheld
    mask &= front.masks[i] as number
    if (mask !== 0) (hopeless ??= new Map<number, number>()).set(slot, mask)
  })
  return hopeless ?? NONE
}

/**
 * What the peers will not bring in half of the time that is left. With all of the time, a player would be left with one segment in hand,
 * and fail with the next hiccup of the origin. What somebody has got just now comes from him alone at first, and slowly, for all want it;
 * then it comes from all who have got it meanwhile: in the first half of the time that is not held against it.
 */
function forecast (state: State, front: Front): void {
  const { want } = front
  const limit = halfway(state, front)
  const left = want.deadline - state.now
  const peers = new Forecast(state, left >= TRUST_FACTOR * state.jobs.queued(front.bytes))
  const early = fresh(state, front)
  const hopeless = new Map<number, number>()
  front.slots.forEach((slot, i) => {
    const asked = (front.masks[i] as number) & ~(state.board.origin[slot] as number)
    let mask = 0
    for (let bit = 0; bit < RUN_BLOCKS; bit++) {
      if ((asked >>> bit & 1) === 0 || (early && spreads(state, want.segment, slot, bit))) continue
      const holders = state.holders.get(keyOf(slot, bit))
      // what nobody has is another matter
      if (holders === undefined && state.board.holders(slot, bit) === 0) continue
      if (holders !== undefined) state.wake(state.now + OVERDUE_MS)
      // what one is too slow for another may take over
      if (!peers.takes(slot, bit, limit, false) && !(holders !== undefined && peers.brings(holders, slot, bit, limit))) mask |= 1 << bit
    }
    if (mask !== 0) hopeless.set(slot, mask)
  })
  want.hopeless = hopeless
  want.forecastAt = state.now
}

function begins (state: State, segment: number): boolean {
  for (const peer of state.peers.values()) if (!peer.stalled && peer.have.some(segment)) return true
  return false
}

/** There is time: the first half of what there was, and enough for the origin as well. */
function fresh (state: State, { want, bytes }: Front): boolean {
  const left = want.deadline - state.now
  return left >= TRUST_FACTOR * state.jobs.queued(bytes) && 2 * left > want.deadline - want.since
}

/** Few have the block yet, one of them at least gives it, and others want it as we do. */
function spreads (state: State, segment: number, slot: number, bit: number): boolean {
  const held = state.board.givers(slot, bit)
  if (held === 0 || held > RARE_HOLDERS) return false
  let gives = false
  for (const peer of state.peers.values()) if ((gives = (peer.mask(slot) >>> bit & 1) === 1 && !peer.stalled)) break
  return gives && accompanied(state, segment, 1, peer => (peer.mask(slot) >>> bit & 1) === 0)
}

function lacks (peer: Peer, blocks: ReadonlyMap<number, number>): boolean {
  for (const [slot, mask] of blocks) if ((peer.mask(slot) & mask) !== mask) return true
  return false
}

function blocksOf (state: State, front: Front, pick: (slot: number) => number): number[] {
  const blocks: number[] = []
  front.slots.forEach((slot, i) => {
    const mask = pick(slot) & (front.masks[i] as number)
    const first = (state.board.runs[slot] as number) * RUN_BLOCKS
    for (let bit = 0; bit < RUN_BLOCKS; bit++) if ((mask >>> bit & 1) === 1) blocks.push(first + bit)
  })
  return blocks
}

/**
 * Bulk from the origin: in mode `origin` in order; in `hybrid` what no peer has, divided by rendezvous hashing, so that neighbours
 * get different stretches and then serve each other; and everything when peers deliver nothing.
 */
export function bulk (state: State): void {
  if (state.wants.bulk === 0 || state.jobs.count >= ORIGIN_BULK_JOBS) return
  const ordered = state.mode === 'origin'
  const idle = !ordered && state.peers.size > 0 && silent(state)
  const sets = idle ? [state.board.orphans, ...state.board.levels] : [state.board.orphans]
  if (sets.every(set => set.count === 0)) return
  const at = Math.max(state.jobs.readyAt, ordered ? 0 : state.bulkSince + BULK_GRACE_MS)
  if (at > state.now) {
    state.wake(at)
    return
  }
  const start = ordered ? 0 : Math.floor(state.parts.random() * state.board.size)
  const slots: number[] = []
  for (const set of sets) {
    for (const [from, to] of [[start, state.board.size], [0, start]] as const) {
      for (let slot = from; slots.length < TRIES && (slot = nextCommon(set, set, slot, to)) >= 0; slot++) slots.push(slot)
    }
  }
  if (!ordered && state.peers.size > 0) {
    const claims = new Map(slots.map(slot => [slot, claimOf(state, slot, 0xff, 0)]))
    slots.sort((a, b) => (claims.get(b) as number) - (claims.get(a) as number))
  }
  for (const slot of slots) if (state.jobs.count < ORIGIN_BULK_JOBS) take(state, slot, idle)
  // those looked at may all have to wait for neighbours or elections while others need not
  if (state.jobs.count < ORIGIN_BULK_JOBS && slots.length === TRIES) state.wake(state.now + BULK_GRACE_MS)
}

/** No peer that could has delivered for long: all stalled, or silent with requests outstanding. */
function silent (state: State): boolean {
  let stalled = true
  for (const peer of state.peers.values()) if (!(stalled = peer.stalled)) break
  if (stalled) return true
  const since = Math.max(state.lastPeerDelivery, state.bulkSince) + BULK_DEAD_MS
  if (since > state.now && state.board.available) state.wake(since)
  return since <= state.now
}

function take (state: State, slot: number, any: boolean): void {
  const { board, parts } = state
  const segment = board.segments[slot] as number
  if (!state.jobs.usable(segment)) return
  const wants = state.wants.of(segment)
  // with a deadline on it as well, it is the election's
  if (state.mode !== 'origin' && wants.some(want => want.deadline !== undefined)) return
  const until = state.mode === 'hybrid' ? state.fetching.until(segment, ORIGIN_BULK_BYTES) : undefined
  if (until !== undefined && parts.blocks(segment) <= ORIGIN_BULK_BYTES / MAX_BLOCK_BYTES) {
    state.wake(until)
    return
  }
  const index = board.slotsOf(segment)
  const blocks: number[] = []
  let bytes = 0
  for (let run = board.runs[slot] as number; index !== undefined && run < index.length; run++) {
    const at = index[run] as number
    // among neighbours each run has its own claimant
    if (at < 0 || (blocks.length > 0 && state.mode !== 'origin' && state.peers.size > 0 && !any)) break
    const mask = any ? board.open(at) : board.unheld(at, board.open(at))
    for (let bit = 0; bit < RUN_BLOCKS; bit++) {
      const block = run * RUN_BLOCKS + bit
      const size = (mask >>> bit & 1) === 1 ? parts.size(segment, block) : 0
      const gap = blocks.length > 0 && blocks.at(-1) !== block - 1
      if ((size > 0 && gap) || bytes + size > ORIGIN_BULK_BYTES) {
        fetchBlocks(state, segment, blocks, reasonOf(state, any))
        return
      }
      if (size === 0) continue
      blocks.push(block)
      bytes += size
    }
  }
  fetchBlocks(state, segment, blocks, reasonOf(state, any))
}

function reasonOf (state: State, any: boolean): Reason {
  if (state.mode === 'origin') return 'mode'
  return any ? 'stalled' : 'no-peer'
}
