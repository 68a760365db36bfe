import { nextCommon } from './bits.js'
import { LEVELS } from './board.js'
import { unitOf } from './claim.js'
import { ASSUMED_PEER_RATE_BPS, RUN_BLOCKS, TURN_MAX_MS, TURN_MIN_MS } from './defaults.js'
import { electionWeight } from './election.js'
import { keyOf } from './key.js'
import type { Peer } from './peer.js'
import type { State } from './state.js'

/** With no more runs missing all are looked at for a peer, else a few: they hold turns of ours. */
const RUNS = 32
const SAMPLE = 4
/** Turns are not taken among more neighbours: it would cost more than it gives. */
const MOST_PEERS = 64
/** What a run costs that the peer does not seed, as a share of one that it does. */
const SKIP = 1 / 8
/** Blocks that a neighbour may ask for before it hears that we have them, as a multiple of those that are under way to it. */
const AHEAD = 2

/** A block that only seeders hold, and whose turn it is to get it from one of them. */
interface Turn {
  readonly slot: number
  readonly bit: number
  /** Neighbours that come before us, the first of them, and when one of them last got something. */
  readonly before: number
  readonly first: Peer | undefined
  readonly gainedAt: number
  /** Its place among all blocks, the same for everybody, highest first. */
  readonly weight: number
  /** How many blocks that one gets before this, of those that were looked at. */
  rank: number
}

/**
 * Takes turns at seeders. While some blocks lie with seeders alone, their uplinks are what everybody waits for, and each copy sent twice
 * makes the whole download longer. Rendezvous hashing over ourselves and the neighbours that lack such a block names who gets it; the
 * others take it over from there, and ask the seeder for nothing else meanwhile. Whoever has had its own turns takes over the last of
 * others, those that they will not have asked for yet. A neighbour that gets nothing for a while loses its turns; and nobody waits at a
 * seeder for long, for those whose turn it is may have no slot there.
 */
export class Turns {
  readonly #state: State
  readonly #open: (slot: number) => number
  readonly #peer: Peer
  readonly #size: number
  readonly #turns: Turn[] = []
  /** Everything was looked at: what others will have asked for is known. */
  #exact = true

  /** @param open the blocks of a slot that the peer may be asked for */
  constructor (state: State, peer: Peer, open: (slot: number) => number) {
    this.#state = state
    this.#peer = peer
    this.#open = open
    this.#size = this.#look()
  }

  /** The next block to ask of the peer; `wait` while it is others' turn, `undefined` when there is nothing to take turns at. */
  next (): { slot: number, bit: number } | 'wait' | undefined {
    const turns = this.#turns.filter(({ slot, bit }) => (this.#open(slot) >>> bit & 1) === 1)
    if (turns.length === 0) return undefined
    const peer = this.#peer
    const { now } = this.#state
    let best = turns.find(({ before }) => before === 0)
    if (best === undefined) {
      const ahead = Math.ceil(peer.link.window / this.#size)
      peer.heldSince ??= now
      for (const turn of turns) {
        const keptUntil = Math.min(turn.gainedAt + this.#patience, peer.heldSince + TURN_MAX_MS)
        if (this.#exact && turn.rank < AHEAD * ahead * turn.before && now < keptUntil) this.#state.wake(keptUntil)
        else if (best === undefined || (turn.before - best.before || best.rank - turn.rank) < 0) best = turn
      }
    }
    return best ?? 'wait'
  }

  /** What others should have got in this time, by what we get ourselves. */
  get #patience (): number {
    const { rate, window } = this.#peer.link
    return Math.min(TURN_MAX_MS, Math.max(TURN_MIN_MS, 3000 * window / (rate > 0 ? rate : ASSUMED_PEER_RATE_BPS)))
  }

  /** Finds what only seeders hold, rarest first. @returns bytes of the largest block */
  #look (): number {
    const state = this.#state
    const { board } = state
    let size = 1
    if (state.peers.size === 1 || state.peers.size > MOST_PEERS) return size
    let looks = board.live > RUNS ? SAMPLE : RUNS
    const start = Math.floor(state.parts.random() * board.size)
    for (let level = 0; level < LEVELS; level++) {
      const slots = board.levels[level]
      if (slots === undefined || slots.count === 0) continue
      for (const [from, to] of [[start, board.size], [0, start]] as const) {
        for (let slot = from; (slot = nextCommon(slots, this.#peer.slots, slot, to)) >= 0; slot++) {
          const segment = board.segments[slot] as number
          const seeds = this.#peer.have.complete(segment)
          looks -= seeds ? 1 : SKIP
          if (looks < 0) {
            this.#exact = false
            return this.#rank(size)
          }
          if (!seeds) continue
          let seeders = 0
          const takers: Peer[] = []
          for (const peer of state.peers.values()) {
            if (peer.withholds) continue
            if (peer.have.complete(segment)) seeders++
            else takers.push(peer)
          }
          if (takers.length === 0) continue
          const open = this.#open(slot)
          let weigh: Weigh | undefined
          for (let bit = 0; bit < RUN_BLOCKS; bit++) {
            if ((open >>> bit & 1) === 0 || board.givers(slot, bit) > seeders) continue
            weigh ??= state.strangers.length > 0 ? byBlock(state, slot) : byPlace(state, takers, slot)
            this.#turns.push(turnAt(state, takers, weigh, slot, bit))
            size = Math.max(size, state.parts.size(segment, (board.runs[slot] as number) * RUN_BLOCKS + bit))
          }
        }
      }
    }
    return this.#rank(size)
  }

  #rank (size: number): number {
    this.#turns.sort((a, b) => b.weight - a.weight || keyOf(a.slot, a.bit) - keyOf(b.slot, b.bit))
    const seen = new Map<Peer | undefined, number>()
    for (const turn of this.#turns) {
      const { first } = turn
      turn.rank = seen.get(first) ?? 0
      seen.set(first, turn.rank + 1)
    }
    return size
  }
}

/** Whose turn a block is: the highest of these weights is the first. */
type Weigh = (seed: number, bit: number) => number

/**
 * Rendezvous hashing for each block by itself: neighbours who know different others agree on who comes first, as far as they know it. By
 * places in a list they would wait for each other.
 */
function byBlock ({ board }: State, slot: number): Weigh {
  return (seed, bit) => electionWeight(seed, unitOf(board, slot, bit + 1))
}

/** Places in one list, each begins with another block of the run: turns are as many for everybody, where everybody has the same list. */
function byPlace ({ board, self }: State, takers: readonly Peer[], slot: number): Weigh {
  const unit = unitOf(board, slot, 0)
  const order = [self, ...takers.map(({ seed }) => seed)].sort((a, b) => electionWeight(b, unit) - electionWeight(a, unit))
  const places = new Map(order.map((seed, place) => [seed, place]))
  return (seed, bit) => -(((places.get(seed) as number) - bit % order.length + order.length) % order.length)
}

function turnAt (state: State, takers: readonly Peer[], weigh: Weigh, slot: number, bit: number): Turn {
  const own = weigh(state.self, bit)
  let before = 0
  let first: Peer | undefined
  let top = own
  let gainedAt = -Infinity
  for (const peer of takers) {
    const weight = weigh(peer.seed, bit)
    if (weight <= own) continue
    before++
    gainedAt = Math.max(gainedAt, peer.gainedAt)
    if (weight <= top) continue
    top = weight
    first = peer
  }
  return { slot, bit, before, first, gainedAt, weight: electionWeight(0, unitOf(state.board, slot, bit + 1)), rank: 0 }
}
