import type { PeerName } from '@shoal/interface'
import { ADDRS_PER_CANDIDATE, CANDIDATES_PER_SWARM, CANDIDATES_PER_TELLER } from './defaults.js'

/** Who names a peer, the weakest word first: another member, the peer itself, the DHT, the link or the application. */
const SOURCES = ['pex', 'announcement', 'dht', 'link'] as const
export type Source = typeof SOURCES[number]

interface KnownAddr {
  readonly addr: string
  readonly rank: number
  /** A dial that included it failed. */
  tried: boolean
}

/** A peer that may be in the swarm. */
export interface Candidate {
  readonly peer: PeerName
  /** Of the strongest source that named it, as an index of `SOURCES`. */
  rank: number
  /** The link or the application named it: it stays. */
  linked: boolean
  /** The one member on whose word alone it is here. */
  teller: PeerName | undefined
  addrs: KnownAddr[]
  failures: number
  /** Not dialled before this time. */
  next: number
  /** Of `nearness`, by what it said last. */
  nearness: 0 | 1 | 2
  /** It said so last: everything is there. */
  whole: boolean
  /** When it announced itself last. */
  heardAt: number
  /** When it could have been dialled first. */
  since?: number
}

/**
 * Peers that were named for one swarm, by whom, and where they are said to be. Words are not equal: none drives out a stronger one, and
 * what a single member says fills neither the list nor an entry.
 */
export class Candidates {
  readonly #all = new Map<PeerName, Candidate>()
  readonly #perTeller = new Map<PeerName, number>()
  #hearsay = 0

  get size (): number {
    return this.#all.size
  }

  get (peer: PeerName): Candidate | undefined {
    return this.#all.get(peer)
  }

  [Symbol.iterator] (): IterableIterator<Candidate> {
    return this.#all.values()
  }

  /**
   * Adds the peer, or what is new about it. Returns what came of it: `full` when there is no room for it.
   *
   * @param teller the member that named it, for `pex`
   */
  add (peer: PeerName, addrs: readonly string[], source: Source, teller?: PeerName): 'full' | 'known' | 'news' {
    const rank = SOURCES.indexOf(source)
    let candidate = this.#all.get(peer)
    let news = candidate === undefined || rank > candidate.rank
    if (candidate === undefined) {
      if (source !== 'link' && !this.#makeRoom(rank, teller)) return 'full'
      candidate = { peer, rank, linked: source === 'link', teller, addrs: [], failures: 0, next: 0, nearness: 0, whole: false, heardAt: -Infinity }
      this.#all.set(peer, candidate)
      this.#count(candidate, 1)
    } else if (rank > candidate.rank) {
      this.#count(candidate, -1)
      candidate.rank = rank
      candidate.linked = source === 'link'
      candidate.teller = teller
      this.#count(candidate, 1)
    }
    // most of what is said is known, and there is much of it
    const before = candidate.addrs
    if (!addrs.every(addr => before.some(known => known.addr === addr && known.rank >= rank))) {
      candidate.addrs = merge(before, addrs, rank)
      news ||= candidate.addrs.some((known, i) => known !== before[i])
    }
    return news ? 'news' : 'known'
  }

  delete (peer: PeerName): void {
    const candidate = this.#all.get(peer)
    if (candidate === undefined) return
    this.#all.delete(peer)
    this.#count(candidate, -1)
  }

  failed (candidate: Candidate): void {
    candidate.failures++
    for (const addr of candidate.addrs) addr.tried = true
  }

  #makeRoom (rank: number, teller: PeerName | undefined): boolean {
    if (teller !== undefined && (this.#perTeller.get(teller) ?? 0) >= CANDIDATES_PER_TELLER) return false
    if (this.#hearsay < CANDIDATES_PER_SWARM) return true
    let worst: Candidate | undefined
    for (const candidate of this.#all.values()) {
      if (candidate.rank > rank || (candidate.rank === rank && candidate.failures === 0)) continue
      if (worst === undefined || isWorse(candidate, worst)) worst = candidate
    }
    if (worst === undefined) return false
    this.delete(worst.peer)
    return true
  }

  #count ({ linked, teller }: Candidate, change: 1 | -1): void {
    if (!linked) this.#hearsay += change
    if (teller === undefined) return
    const count = (this.#perTeller.get(teller) ?? 0) + change
    if (count > 0) this.#perTeller.set(teller, count)
    else this.#perTeller.delete(teller)
  }
}

/** It announced itself, and nobody else has a stronger word of it. */
export function speaksForItself ({ rank }: Candidate): boolean {
  return SOURCES[rank] === 'announcement'
}

function isWorse (a: Candidate, b: Candidate): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.failures > b.failures)
}

/** The strongest words first, among equals those not tried in vain, then the oldest: whoever comes last displaces nobody's good ones. */
function merge (known: readonly KnownAddr[], addrs: readonly string[], rank: number): KnownAddr[] {
  const merged = new Map(known.map(entry => [entry.addr, entry]))
  for (const addr of addrs) {
    const entry = merged.get(addr)
    if (entry === undefined || entry.rank < rank) merged.set(addr, { addr, rank, tried: entry?.tried ?? false })
  }
  return [...merged.values()].toSorted((a, b) => b.rank - a.rank || Number(a.tried) - Number(b.tried)).slice(0, ADDRS_PER_CANDIDATE)
}
