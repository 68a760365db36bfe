import type { Clock } from '@shoal/base'
import type { Ledger } from '@shoal/ledger'
import type { PeerHint, PeerName, Routing, Session, SwarmId } from '@shoal/interface'
import type { Source } from './candidates.js'
import { ASK_AGAIN_MS, CELL_NEIGHBOURS, EXPECT_MS, FIND_FIRST_MS, FIND_TIMEOUT_MS } from './defaults.js'
import type { Interest } from './interest.js'
import { findPause } from './pace.js'
import type { AddressBook } from './types.js'

export interface DiscoveryInit {
  readonly self: PeerName
  readonly clock: Clock
  readonly routing: Routing
  readonly addresses: AddressBook
  readonly ledger: Ledger
  readonly onerror: (error: Error, doing: string) => void
}

/** Who may be in a swarm: what others say, and lookups while too few are known. */
export class Discovery {
  readonly #init: DiscoveryInit
  readonly #changed: (interest: Interest) => void

  /** @param changed there may be somebody new to dial */
  constructor (init: DiscoveryInit, changed: (interest: Interest) => void) {
    this.#init = init
    this.#changed = changed
  }

  suggest (interest: Interest, { peer, addrs }: PeerHint, source: Source, session?: Session): void {
    const { self, clock, addresses, ledger } = this.#init
    if (peer === self || ledger.accounts.banned(peer)) return
    const believed = source === 'link' ? addrs : addresses.heard(addrs, session?.remoteAddr)
    // without any the node may still know the way, but not when all that is said of it must not be tried
    if (believed.length === 0 && addrs.length > 0) return
    // it speaks for itself: it is back
    const back = source === 'announcement' && interest.away.delete(peer)
    const fresh = interest.candidates.get(peer) === undefined
    const added = interest.candidates.add(peer, believed, source, session?.peer)
    if (added === 'full') return
    const candidate = interest.candidates.get(peer)
    if (candidate !== undefined && source === 'announcement') candidate.heardAt = clock.now()
    if (fresh) interest.expected = clock.now() + EXPECT_MS
    // who is named again is no reason to look at all of them again
    if (back || added === 'news') this.#changed(interest)
  }

  /** Looks for more when it is time. Returns when it will be. */
  look (interest: Interest, now: number): number {
    if (!interest.finding && interest.nextFind <= now) void this.#find(interest)
    return interest.finding ? Infinity : interest.nextFind
  }

  /** The swarm shrinks: look again soon. */
  hasten (interest: Interest): void {
    interest.findPause = FIND_FIRST_MS
    interest.nextFind = Math.min(interest.nextFind, this.#init.clock.now() + FIND_FIRST_MS)
  }

  async #find (interest: Interest): Promise<void> {
    const { clock, routing, onerror } = this.#init
    interest.finding = true
    const timeout = new AbortController()
    const cancel = clock.after(FIND_TIMEOUT_MS, () => { timeout.abort(new Error('lookup took too long')) })
    const asked = routing.known > 0
    try {
      const signal = AbortSignal.any([timeout.signal, interest.abort.signal])
      for await (const hint of routing.find(this.#sought(interest), { signal })) {
        if (!interest.abort.signal.aborted) this.suggest(interest, hint, 'dht')
      }
    } catch (error) {
      if (!interest.abort.signal.aborted && !timeout.signal.aborted) onerror(error as Error, 'looking for peers')
    } finally {
      cancel()
      interest.finding = false
      // while nobody can be asked the next try costs nothing and comes soon
      interest.nextFind = clock.now() + (asked ? interest.findPause : ASK_AGAIN_MS)
      const { circle: { direct, active = false }, swarmSize } = interest
      if (asked) interest.findPause = findPause(interest.findPause, { neighbours: direct.size, swarmSize: swarmSize(), active })
      this.#changed(interest)
    }
  }

  /** In a large swarm every other lookup is for our own cell, until enough of it are connected. */
  #sought (interest: Interest): SwarmId {
    const { swarm, cell, circle: { direct } } = interest
    const { rendezvous, has } = cell()
    interest.soughtCell = rendezvous !== swarm && !interest.soughtCell && [...direct].filter(has).length < CELL_NEIGHBOURS
    return interest.soughtCell ? rendezvous : swarm
  }
}
