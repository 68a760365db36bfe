import { afterAwake, BoundedMap, shuffle, type Clock, type Random } from '@shoal/base'
import type { Exchange, PeerHint, PeerName, Session } from '@shoal/interface'
import { CANDIDATES_PER_SWARM, DIAL_TIMEOUT_MS, REDIAL_MAX_MS, RELAY_SEARCH_MS } from './defaults.js'
import type { Interest } from './interest.js'
import type { AddressBook } from './types.js'

export interface RelaySearchInit {
  readonly clock: Clock
  readonly random: Random
  readonly exchange: Exchange
  readonly addresses: AddressBook
}

export interface RelaySearchHost {
  readonly connected: (peer: PeerName) => boolean
  readonly banned: (peer: PeerName) => boolean
  /** A session is there. `first`: there was no connection to the peer before. */
  readonly opened: (session: Session, first: boolean) => void
}

/**
 * A node that can be reached through relays alone, and has none: whoever its peers are reached through relays for strangers, and so does
 * whoever can be dialled at all. Once one is connected libp2p asks it for a reservation. So a page that outlives its bootstrap nodes is
 * found by others again, through nodes that came later.
 */
export class RelaySearch {
  readonly #init: RelaySearchInit
  readonly #host: RelaySearchHost
  /** Until when these are not tried again. */
  readonly #tried = new BoundedMap<PeerName, number>(CANDIDATES_PER_SWARM)
  /** `undefined` while there is no need. */
  #next: number | undefined

  constructor (init: RelaySearchInit, host: RelaySearchHost) {
    this.#init = init
    this.#host = host
  }

  /** Dials one that may relay, when it is time and there is need. Returns when it will be time. */
  look (interests: Iterable<Interest>, now: number): number {
    const { addresses, random } = this.#init
    if (addresses.lacksRelay?.() !== true) {
      this.#next = undefined
      return Infinity
    }
    // who begins, or has just lost its relay, may get one by itself
    this.#next ??= now + RELAY_SEARCH_MS
    if (this.#next > now) return this.#next
    this.#next = now + RELAY_SEARCH_MS
    const { connected, banned } = this.#host
    const named = shuffle([...interests].flatMap(({ candidates }) => [...candidates].flatMap(relaysOf)), random)
    for (const { peer, addrs } of named) {
      if (connected(peer) || banned(peer) || (this.#tried.get(peer) ?? 0) > now) continue
      const usable = addresses.usable(addrs)
      if (usable.length === 0) continue
      this.#tried.set(peer, now + REDIAL_MAX_MS)
      void this.#dial(peer, usable)
      break
    }
    return this.#next
  }

  async #dial (peer: PeerName, addrs: readonly string[]): Promise<void> {
    const { clock, exchange, addresses } = this.#init
    const known = addresses.connected(peer)
    const timeout = new AbortController()
    const cancel = afterAwake(clock, DIAL_TIMEOUT_MS, () => { timeout.abort(new Error(`no session within ${DIAL_TIMEOUT_MS} ms`)) })
    try {
      this.#host.opened(await exchange.connect(peer, addrs, { signal: timeout.signal }), !known)
    } catch {
      // the next one is tried at its time
    } finally {
      cancel()
    }
  }
}

/** Who relays for a peer, as its addresses say, and the peer itself where it can be dialled without any. */
function relaysOf ({ peer, addrs }: { readonly peer: PeerName, readonly addrs: readonly { readonly addr: string }[] }): PeerHint[] {
  const relays = new Map<PeerName, string[]>()
  for (const { addr } of addrs) {
    const [, relayed, relay] = /^(.*\/p2p\/([^/]+))\/p2p-circuit(?:\/|$)/.exec(addr) ?? []
    const name = relay ?? peer
    relays.set(name, [...relays.get(name) ?? [], relayed ?? addr])
  }
  return [...relays].map(([name, list]) => ({ peer: name, addrs: list }))
}
