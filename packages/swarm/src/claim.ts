import type { Board } from './board.js'
import { electionWeight } from './election.js'
import type { State } from './state.js'

/** What a claim is hashed for: a run, or a block of it. @param part tells blocks of one run apart; 0 stands for the run */
export function unitOf (board: Board, slot: number, part: number): number {
  return Math.imul(board.segments[slot] as number, 0x9e3779b1) ^ Math.imul((board.runs[slot] as number) * 16 + part, 0x85ebca6b)
}

/**
 * Whose turn it is to begin with something rare, by rendezvous hashing over ourselves and the peers that lack it and do not keep all to
 * themselves. Positive when it is ours, the more so the earlier; else the lower, the sooner its first claimant will come to it.
 */
export function claimOf (state: State, slot: number, blocks: number, part: number): number {
  const unit = unitOf(state.board, slot, part)
  let top = 0
  for (const peer of state.peers.values()) {
    if (!peer.withholds && (peer.mask(slot) & blocks) !== blocks) top = Math.max(top, electionWeight(peer.seed, unit))
  }
  return electionWeight(state.self, unit) - top
}
