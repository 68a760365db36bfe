import { BACKLOG_BLOCKS, LONE_LIMIT, RUN_BLOCKS, TURN_MIN_MS } from './defaults.js'
import type { Board } from './board.js'
import type { Peer } from './peer.js'

/** Backlogs are told only while no more runs are missing than this: otherwise adding them up would cost too much. */
const RUNS = 32

/** As much of the state as is needed here. */
interface Known {
  readonly board: Board
  readonly peers: ReadonlyMap<string, Peer>
  readonly now: number
  readonly turn: number
}

/**
 * Who is behind with spreading what it got from seeders, ourselves included. Whoever has a slow uplink and takes its turns all the same
 * ends up with blocks that nobody else has when the seeder has long given everything, and the swarm waits for that uplink.
 */
export class Spread {
  readonly #known: Known
  /** Ours that came from a seeder, and that nobody else was known to have. */
  #lone: { segment: number, block: number }[] = []
  #turn = -1
  #own = 0
  #least = 0
  readonly #backlogs = new Map<Peer, number>()

  constructor (known: Known) {
    this.#known = known
  }

  /** A block came from a peer that has all of its segment. */
  seeded (segment: number, block: number): void {
    if (this.#lone.length < LONE_LIMIT) this.#lone.push({ segment, block })
  }

  /** We have more to spread than others who are at work. */
  get behind (): boolean {
    this.#count()
    return this.#own > this.#least + BACKLOG_BLOCKS
  }

  /** The same of a neighbour, as it will see it. */
  lags (peer: Peer): boolean {
    this.#count()
    return (this.#backlogs.get(peer) ?? 0) > Math.min(this.#least, this.#own) + BACKLOG_BLOCKS
  }

  /** Once for a decision. */
  #count (): void {
    const { board, peers, turn, now } = this.#known
    if (this.#turn === turn) return
    this.#turn = turn
    this.#backlogs.clear()
    this.#own = 0
    this.#least = Infinity
    if (board.live > RUNS) return
    const elsewhere = ({ segment, block }: { segment: number, block: number }): boolean =>
      [...peers.values()].some(({ have }) => !have.complete(segment) && have.has(segment, block))
    this.#lone = this.#lone.filter(place => !elsewhere(place))
    this.#own = this.#lone.length
    for (let slot = 0; slot < board.size; slot++) {
      const wanted = board.wanted[slot] as number
      if (wanted === 0) continue
      const takers = [...peers.values()].filter(({ have }) => !have.complete(board.segments[slot] as number))
      const seeders = peers.size - takers.length
      for (let bit = 0; bit < RUN_BLOCKS; bit++) {
        if ((wanted >>> bit & 1) === 0 || board.holders(slot, bit) !== seeders + 1) continue
        const holder = takers.find(peer => (peer.mask(slot) >>> bit & 1) === 1)
        if (holder !== undefined) this.#backlogs.set(holder, (this.#backlogs.get(holder) ?? 0) + 1)
      }
    }
    for (const peer of peers.values()) {
      if (now - peer.gainedAt < TURN_MIN_MS) this.#least = Math.min(this.#least, this.#backlogs.get(peer) ?? 0)
    }
  }
}
