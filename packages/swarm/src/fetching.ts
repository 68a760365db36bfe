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

/** Which neighbour said that it gets a segment from the origin, and whether it still is to be believed. */
export class Fetching {
  readonly #state: Known
  readonly #said = new BoundedMap<number, { peer: PeerName, at: number }>(FETCHING_LIMIT)

  constructor (state: Known) {
    this.#state = state
  }

  /** Returns whether it is news: nobody else said so and is still to be believed. */
  heard (peer: PeerName, segment: number): boolean {
    const known = this.#state.peers.get(peer)
    if (known === undefined || known.broken >= FETCHING_BROKEN) return false
    const said = this.#said.get(segment)
    const news = said === undefined || !this.#state.peers.has(said.peer) || this.#state.now - said.at > FETCHING_MIN_MS
    if (news || said.peer === peer) this.#said.set(segment, { peer, at: this.#state.now })
    return news
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
