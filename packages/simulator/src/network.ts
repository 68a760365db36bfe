import type { BlockPlace, PeerName, ServeHandler, Session, SessionEvent, SwarmId, VerifiedBlock } from '@shoal/interface'
import { shuffle, type Random } from '@shoal/base'
import type { VirtualClock } from './clock.js'
import type { Host } from './host.js'

/** What a session needs of the node that it is at. */
export interface Home {
  readonly host: Host
  readonly net: Network
  readonly serve: ServeHandler | undefined
  readonly sessions: Set<SessionEnd>
  emit (event: SessionEvent): void
}

/** One end of a session, as the node sees it. */
export interface SessionEnd extends Session {
  readonly home: Home
  /** Nothing comes from this end any more, and nobody knows. @param ms until the other end gives it up */
  vanish (ms: number): void
}

/** What every node of a simulation shares: time, who is there, and what was carried. */
export interface Network {
  readonly clock: VirtualClock
  /** ms there and back between regions. */
  readonly latencies: readonly (readonly number[])[]
  /** Share of packets that get lost. */
  readonly loss: number
  readonly exchanges: Map<PeerName, Home>
  readonly providers: Map<SwarmId, Providers>
  readonly random: Random
  readonly traffic: Traffic
  /** The block at this place, as long as it is anybody's. */
  readonly blockOf: (place: BlockPlace) => VerifiedBlock | undefined
  /** A session opened or closed. */
  readonly linked: (session: SessionEnd) => void
  readonly unlinked: (session: SessionEnd) => void
}

/** Bytes of the whole network. */
export class Traffic {
  /** Verified blocks of the content, by where they came from. */
  fromPeers = 0
  fromOrigin = 0
  /** Of those from peers, the ones of another region. */
  fromAfar = 0
  /** Block bytes that came for nothing. */
  wasted = 0
  /** Everything of the exchange that is no block. */
  control = 0
  /** Announcements, as received: messages with their envelopes, all copies, and gossip about them. */
  announced = 0
  /** The same for heads. */
  heads = 0
}

/** Provider records of one swarm. */
export class Providers {
  readonly #list: PeerName[] = []
  readonly #places = new Map<PeerName, number>()

  add (peer: PeerName): void {
    if (this.#places.has(peer)) return
    this.#places.set(peer, this.#list.length)
    this.#list.push(peer)
  }

  delete (peer: PeerName): void {
    const at = this.#places.get(peer)
    if (at === undefined) return
    const last = this.#list.pop() as PeerName
    this.#places.delete(peer)
    if (last === peer) return
    this.#list[at] = last
    this.#places.set(last, at)
  }

  /** Some of them, at random. */
  sample (count: number, random: Random): PeerName[] {
    if (this.#list.length <= count) return shuffle([...this.#list], random)
    const found = new Set<PeerName>()
    while (found.size < count) found.add(this.#list[Math.floor(random() * this.#list.length)] as PeerName)
    return [...found]
  }
}
