import { nextCommon } from './bits.js'
import { LEVELS, type Board } from './board.js'
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
  /** Neighbours that come before us, the first of them first. */
  readonly others: readonly Peer[]
  /** Its place among all blocks, the same for everybody, highest first. */
  readonly weight: number
  /** How many blocks that one gets before this, of those that were looked at. */
  rank: number
}

/**
 * Takes turns at seeders. While some blocks lie with seeders alone, their uplinks are what everybody waits for, and each copy sent twice
 * makes the whole download longer. Rendezvous hashing over ourselves and the neighbours that lack such a block names who gets it; the
 * others take it over from there, and ask the seeder for nothing else meanwhile. Whoever has had its own turns takes over the last of
 * others, those that they will not have asked for yet. A neighbour that gets nothing for a while loses its turns.
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
    const own = turns.find(({ others }) => others.length === 0)
    if (own !== undefined) return own
    const ahead = Math.ceil(this.#peer.link.window / this.#size)
    const { now } = this.#state
    let best: Turn | undefined
    for (const turn of turns) {
      const keptUntil = Math.max(...turn.others.map(peer => peer.gainedAt)) + this.#patience
      if (this.#exact && turn.rank < AHEAD * ahead * turn.others.length && now < keptUntil) this.#state.wake(keptUntil)
      else if (best === undefined || (turn.others.length - best.others.length || best.rank - turn.rank) < 0) best = turn
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
            if (peer.have.complete(segment)) seeders++
            else takers.push(peer)
          }
          if (takers.length === 0) continue
          const open = this.#open(slot)
          let order: Order | undefined
          for (let bit = 0; bit < RUN_BLOCKS; bit++) {
            if ((open >>> bit & 1) === 0 || board.holders(slot, bit) > seeders) continue
            order ??= new Order(state, takers, slot)
            this.#turns.push(order.turn(bit))
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
      const [first] = turn.others
      turn.rank = seen.get(first) ?? 0
      seen.set(first, turn.rank + 1)
    }
    return size
  }
}

/** The order of ourselves and others for a run: each begins with one of its blocks, so that turns are as many for everybody. */
class Order {
  readonly #slot: number
  readonly #board: Board
  readonly #peers: readonly { readonly weight: number, readonly peer: Peer | undefined }[]
  readonly #own: number

  constructor (state: State, takers: readonly Peer[], slot: number) {
    this.#slot = slot
    this.#board = state.board
    const unit = unitOf(state.board, slot, 0)
    const others = takers.map(peer => ({ weight: electionWeight(peer.seed, unit), peer }))
    const peers = [{ weight: electionWeight(state.self, unit), peer: undefined }, ...others]
    this.#peers = peers.sort((a, b) => b.weight - a.weight)
    this.#own = peers.findIndex(({ peer }) => peer === undefined)
  }

  turn (bit: number): Turn {
    const count = this.#peers.length
    return {
      slot: this.#slot,
      bit,
      others: Array.from({ length: (this.#own - bit % count + count) % count }, (_, i) => this.#peers[(bit + i) % count]?.peer as Peer),
      weight: electionWeight(0, unitOf(this.#board, this.#slot, bit + 1)),
      rank: 0
    }
  }
}
