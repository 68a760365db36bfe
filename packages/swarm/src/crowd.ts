import {
  ACTIVE_MS, BEGIN_BLOCKS, CROWD_PAUSE_MAX_MS, CROWD_PAUSE_MIN_MS, MAX_BLOCK_BYTES, ROTATED_BLOCKS, RUN_BLOCKS
} from './defaults.js'
import { accompanied, companions } from './alongside.js'
import { electionRank, electionWeight } from './election.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'
import type { Front } from './zones.js'

/** A block of a front. */
export interface Place { readonly slot: number, readonly bit: number }

/**
 * Neighbours who miss something of a front as well and are at work: they got something of late. When time is short for all of them and all
 * ask the origin for everything, it is slow for all; when each asks for its part, it is not.
 */
export function crowd (state: State, front: Front): number[] {
  const { near } = companions(state, front.want.segment, peer => peer.activeAt >= state.now - ACTIVE_MS && misses(peer, front))
  const seeds = [...near]
  // of those who are no neighbours it is not known whether they are at work: likely, when the neighbours are
  if (seeds.length > 0 && 2 * seeds.length >= state.peers.size) seeds.push(...state.strangers)
  return seeds
}

/** A neighbour who is where we are lacks something of the front, too. */
export function company (state: State, front: Front): boolean {
  return accompanied(state, front.want.segment, 1, peer => misses(peer, front))
}

function misses (peer: Peer, { slots, masks }: Front): boolean {
  return slots.some((slot, i) => ((masks[i] as number) & ~peer.mask(slot)) !== 0)
}

/**
 * With what to begin when nobody is at work yet. Viewers who open the same film in the same moment begin at different blocks of its first
 * segment, and get the rest from each other; if all began with the first they would have nothing to exchange until all had everything.
 * What is left of the segment waits until the origin has done that: it is in few parts, so that all soon have something to give.
 */
export function begin (state: State, front: Front, late: readonly Place[]): readonly Place[] {
  const { want } = front
  if (late.length > ROTATED_BLOCKS || !company(state, front)) return late
  if (state.jobs.pending(want.segment) > 1) return []
  if (late.length < want.end - want.first) return late
  const first = electionWeight(state.self, want.segment) % late.length
  return late.slice(first, first + BEGIN_BLOCKS)
}

/**
 * Our part of these blocks, by rendezvous hashing: more with every pause, so that nobody waits long for those who do not do theirs. A pause
 * is as long as the origin needs for a block, for sooner nobody can tell.
 */
export function share (state: State, { want }: Front, late: readonly Place[], others: readonly number[]): Place[] {
  want.crowdSince ??= state.now
  const pause = Math.max(CROWD_PAUSE_MIN_MS, Math.min(CROWD_PAUSE_MAX_MS, state.jobs.duration(MAX_BLOCK_BYTES)))
  const rounds = Math.floor((state.now - want.crowdSince) / pause)
  state.wake(want.crowdSince + (rounds + 1) * pause)
  return late.filter(({ slot, bit }) => {
    const block = (state.board.runs[slot] as number) * RUN_BLOCKS + bit
    // twice as many each time: one by one, who comes last among a hundred would wait for half a minute
    return electionRank(state.self, others, Math.imul(want.segment, 0x9e3779b1) + block) < 2 ** rounds
  })
}
