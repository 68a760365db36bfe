import { BoundedMap } from '@shoal/base'
import { FETCHING_BROKEN, FETCHING_LIMIT, FETCHING_MIN_MS } from './defaults.js'
import type { PeerName } from '@shoal/interface'
import type { Peer } from './peer.js'
import type { WantState } from './wants.js'

/** As much of the state as is needed here. */
interface Known {
  readonly peers: ReadonlyMap<PeerName, Peer>
  readonly now: number
  readonly jobs: { duration (bytes: number): number }
}

/** What was said of one segment. */
interface Said {
  /** Who fetches it. */
  readonly peer: PeerName
  /** When that was last to be believed, and when it was first said. */
  at: number
  readonly since: number
  /** All who said so: they wait for it, too, or fetch it. */
  readonly by: Set<PeerName>
  /** We have said so as well. */
  told: boolean
}

/** Which neighbour said that it gets a segment from the origin, and whether it still is to be believed. */
export class Fetching {
  readonly #state: Known
  readonly #said = new BoundedMap<number, Said>(FETCHING_LIMIT)

  constructor (state: Known) {
    this.#state = state
  }

  /** Returns whether it is news: nobody else said so and is still to be believed. */
  heard (peer: PeerName, segment: number): boolean {
    const known = this.#state.peers.get(peer)
    if (known === undefined || known.broken >= FETCHING_BROKEN) return false
    const said = this.#said.get(segment)
    const news = said === undefined || !this.#state.peers.has(said.peer) || this.#state.now - said.at > FETCHING_MIN_MS
    if (news) this.#said.set(segment, { peer, at: this.#state.now, since: this.#state.now, by: new Set([peer]), told: false })
    else {
      said.by.add(peer)
      if (said.peer === peer) said.at = this.#state.now
    }
    return news
  }

  /** We pass it on. Returns whether that is news to the others. */
  tell (segment: number): boolean {
    const said = this.#said.get(segment)
    if (said === undefined || said.told) return false
    said.told = true
    return true
  }

  /** Who fetches it and is still here, since when that is known, and who waits for it. */
  of (segment: number): { readonly peer: Peer, readonly since: number, readonly by: ReadonlySet<PeerName> } | undefined {
    const said = this.#said.get(segment)
    const peer = said === undefined ? undefined : this.#state.peers.get(said.peer)
    return said === undefined || peer === undefined ? undefined : { peer, since: said.since, by: said.by }
  }

  /** Something of the segment arrived at the peer: it is at work. */
  progress (peer: PeerName, segment: number): void {
    const said = this.#said.get(segment)
    if (said?.peer !== peer) return
    said.at = this.#state.now
    const known = this.#state.peers.get(peer)
    if (known !== undefined) known.broken = 0
  }

  /**
   * Until when to wait for a neighbour's copy; `undefined` when no neighbour fetches it. A neighbour that left or broke its word is struck
   * out of the want's elections.
   */
  until (segment: number, bytes: number, want?: WantState): number | undefined {
    const said = this.#said.get(segment)
    if (said === undefined) return undefined
    const peer = this.#state.peers.get(said.peer)
    const until = said.at + Math.max(FETCHING_MIN_MS, 2 * this.#state.jobs.duration(bytes))
    if (peer !== undefined && until > this.#state.now) return until
    this.#said.delete(segment)
    if (peer !== undefined) peer.broken++
    if (want !== undefined) {
      want.broken.add(said.peer)
      want.orphanSince = undefined
    }
    return undefined
  }
}
