import type { PenaltyReason } from '@shoal/interface'

/** Peers that are remembered: at most 256 bytes each. */
export const PEERS_REMEMBERED = 10_000
/** Swarms in which a peer's bytes are counted apart; those of older ones stay in its sums. */
export const SWARMS_PER_PEER = 4
/** The same for all peers together, per peer that may be remembered: most meet in one or two. */
export const SWARMS_PER_PEER_MEAN = 2
/** What was given and taken counts half after this long, and so does a penalty. */
export const HALF_LIFE_MS = 600_000
/** A peer is shut out this long. */
export const BAN_MS = 3_600_000
/**
 * What a misdeed costs. Lies that cost everybody bytes shut out at once; broken frames may be a fault of an old version and take a handful;
 * a stall may be the fault of the network between, or of ours: however many there are, they make a suspect and no more.
 */
export const PENALTIES: Readonly<Record<PenaltyReason, number>> = {
  'corrupt-block': 100,
  'bad-head': 100,
  'bad-purge': 100,
  'protocol-violation': 20,
  spam: 20,
  'false-have': 10,
  'bad-announcement': 10,
  stalled: 1
}
/** Sum of penalties at which a peer is shut out, and that after which it is dialled only when there is nobody else. */
export const BAN_SCORE = 100
export const SUSPECT_SCORE = 50
/** Stalls alone raise the sum this far. */
export const STALLED_MAX_SCORE = 60
/** Weight of the newest sample in the mean latency. */
export const LATENCY_WEIGHT = 0.1
/** Rows looked at for the one that tells least, when a new peer needs room. */
export const EVICT_SAMPLE = 64
/** What changed is written after this long: a node that is killed has forgotten 10 s at most. */
export const FLUSH_MS = 8_000
/** Peers whose last blocks are only tallied, so that each costs less: as many as a node has neighbours in the busiest of its swarms. */
export const TALLIES = 64
