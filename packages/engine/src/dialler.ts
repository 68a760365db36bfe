import { afterAwake, shuffle, type Clock, type Random } from '@shoal/base'
import type { Exchange, PeerName, Session } from '@shoal/interface'
import type { Ledger } from '@shoal/ledger'
import { speaksForItself, type Candidate } from './candidates.js'
import {
  COMING_MS, DIAL_TIMEOUT_MS, FIRST_LOOK_MS, HEAD_START_MS, INTRODUCED_AGAIN_MS, INTRODUCED_MS, REDIAL_FIRST_MS, REDIAL_MAX_MS,
  RELAY_PATIENCE_MS, SLOW_DIAL_MS
} from './defaults.js'
import type { Interest } from './interest.js'
import { sated } from './keeper.js'
import { preference, type Company } from './preference.js'
import type { AddressBook, EngineLimits } from './types.js'

export interface DiallerInit {
  readonly self: PeerName
  readonly clock: Clock
  readonly random: Random
  readonly exchange: Exchange
  readonly addresses: AddressBook
  readonly ledger: Ledger
  readonly limits: EngineLimits
}

export interface DiallerHost {
  sessionsOf (peer: PeerName): Iterable<Session>
  /** When a session opened. */
  since (session: Session): number
  /** Peers with a session that was opened from here: those who come by themselves must not use up our own choice. */
  outbound (): number
  /** Peers with a session, whoever opened it. */
  connected (): number
  /** A session is there. `first`: there was no connection to the peer before. */
  opened (session: Session, first: boolean): void
  /** A dial has ended. */
  changed (): void
}

/** The dial queue that all contents of a node share: which candidate next, how many at a time, how long a pause after a failure. */
export class Dialler {
  readonly #init: DiallerInit
  readonly #host: DiallerHost
  /** Peers that are being dialled, on whose word alone, for which swarm and since when. */
  readonly #dialing = new Map<PeerName, { readonly teller: PeerName | undefined, readonly interest: Interest, readonly since: number }>()

  constructor (init: DiallerInit, host: DiallerHost) {
    this.#init = init
    this.#host = host
  }

  /** Another dial may begin. */
  get free (): boolean {
    const { limits } = this.#init
    const dialing = this.#dialing.size
    if (dialing >= limits.dials) return false
    // counted only where it matters: this is asked for whenever somebody is named
    return this.#host.connected() + dialing < limits.sessions || this.#host.outbound() + dialing < limits.sessions
  }

  /** Dials up to `missing` candidates, to have `target` neighbours, as far as limits allow. Returns when there will be somebody to dial. */
  dial (interest: Interest, missing: number, target: number, now: number): number {
    const { limits, ledger: { accounts } } = this.#init
    // the end of a dial, or of a session, calls again
    if (!this.free) return Infinity
    const { ready, wake, hopeful } = this.#sift(interest, now)
    const { count, slow } = this.underWay(interest, now)
    let room = Math.min(missing - count, limits.sessions - this.#host.outbound() - this.#dialing.size)
    let others = this.#dialing.size > 0
    for (const candidate of ready.length === 0 ? [] : this.#inOrder(ready, interest, target)) {
      const { peer, teller } = candidate
      if (room <= 0 || this.#dialing.size >= limits.dials) break
      // what one member says must not keep the others' candidates waiting
      if (teller !== undefined && this.#dialingFor(teller) >= Math.max(1, Math.floor(limits.dials / 2))) continue
      if (others && accounts.suspect(peer)) continue
      others = true
      room--
      void this.#dial(interest, candidate)
    }
    if (!hopeful) interest.expected = 0
    return Math.min(wake, slow)
  }

  /**
   * Dials for it that are likely to bring somebody soon, and when the first of them is not any more. What one member says may be made up,
   * so that nobody else waits for it.
   */
  underWay (interest: Interest, now: number): { count: number, slow: number } {
    let count = 0
    let slow = Infinity
    for (const dial of this.#dialing.values()) {
      if (dial.interest !== interest || dial.teller !== undefined || dial.since + SLOW_DIAL_MS <= now) continue
      count++
      slow = Math.min(slow, dial.since + SLOW_DIAL_MS)
    }
    return { count, slow }
  }

  /**
   * Who may be dialled now: in a large swarm a few of hundreds, so that only these are put in order.
   *
   * @returns `wake`: when there will be more; `hopeful`: somebody of whom no dial failed yet may come
   */
  #sift (interest: Interest, now: number): { ready: Candidate[], wake: number, hopeful: boolean } {
    const { candidates, circle, away, since } = interest
    const { ledger: { accounts }, addresses } = this.#init
    const ready: Candidate[] = []
    let wake = Infinity
    let hopeful = false
    let relayed: boolean | undefined
    const enough = sated(interest)
    for (const candidate of candidates) {
      const { peer } = candidate
      if (circle.direct.has(peer) || accounts.banned(peer) || (enough && candidate.whole)) continue
      if (this.#dialing.has(peer)) {
        hopeful ||= candidate.failures === 0
        continue
      }
      const gone = away.size === 0 ? 0 : away.get(peer) ?? 0
      if (gone > now) {
        wake = Math.min(wake, gone)
        continue
      }
      const open = [...this.#host.sessionsOf(peer)].filter(session => !session.closed)
      if (open.some(session => session.transport !== 'relay')) {
        for (const session of open) circle.greet(session)
        continue
      }
      hopeful ||= candidate.failures === 0
      // both at once would leave two connections, each with all that it costs
      const coming = open.filter(({ limited, direction }) => limited && direction === 'inbound').map(session => this.#host.since(session) + COMING_MS)
      if (Math.max(...coming) > now) {
        wake = Math.min(wake, Math.max(...coming))
        continue
      }
      relayed ??= onlyRelayed(addresses.own())
      const at = Math.max(candidate.next, this.#turn(candidate, { since, relayed, now }))
      if (at > now) wake = Math.min(wake, at)
      else ready.push(candidate)
    }
    return { ready, wake, hopeful }
  }

  /** Its last session is gone: not before a pause again, and after those that were never tried. */
  lost (candidate: Candidate): void {
    candidate.failures = Math.max(1, candidate.failures)
    candidate.next = Math.max(candidate.next, this.#init.clock.now() + this.#pause(candidate))
  }

  /**
   * When it is ours to dial a peer that may dial us as well. Who has just come hears of the others before they hear of it, and dials
   * them at once: so whoever speaks for itself is left the time to do that. Else the one whose name is lower has a head start.
   */
  #turn (candidate: Candidate, { since, relayed, now }: { since: number, relayed: boolean, now: number }): number {
    const { self } = this.#init
    candidate.since ??= now
    const mutual = relayed && onlyRelayed(candidate.addrs.map(({ addr }) => addr))
    if (!mutual) return now
    const announced = speaksForItself(candidate)
    const newcomer = !announced && candidate.since - since < FIRST_LOOK_MS
    return candidate.since + (announced ? HEAD_START_MS : 0) + (newcomer || self < candidate.peer ? 0 : HEAD_START_MS)
  }

  /**
   * Suspects last, those of the link first, then those to whom there is a connection already, which costs nothing, those that failed least,
   * those that the swarm's make-up calls for, those that were worth most, and those of the strongest word.
   */
  #inOrder (ready: Candidate[], { candidates, cell, circle: { direct } }: Interest, target: number): Candidate[] {
    const { random, ledger, addresses } = this.#init
    const { has } = cell()
    const connected = [...direct]
    const company: Company = {
      target,
      local: connected.filter(peer => (candidates.get(peer)?.nearness ?? 0) > 0).length,
      ofCell: connected.filter(has).length
    }
    return shuffle(ready, random)
      .map(candidate => ({
        candidate,
        suspect: ledger.accounts.suspect(candidate.peer),
        there: addresses.connected(candidate.peer),
        preferred: preference({ nearness: candidate.nearness, ofCell: has(candidate.peer) }, company),
        score: ledger.score(candidate.peer, { local: candidate.nearness > 0 })
      }))
      .sort((a, b) => Number(a.suspect) - Number(b.suspect) || Number(b.candidate.linked) - Number(a.candidate.linked) ||
        Number(b.there) - Number(a.there) || a.candidate.failures - b.candidate.failures || b.preferred - a.preferred ||
        b.score - a.score || b.candidate.rank - a.candidate.rank)
      .map(({ candidate }) => candidate)
  }

  #dialingFor (teller: PeerName): number {
    return [...this.#dialing.values()].filter(dial => dial.teller === teller).length
  }

  /** Until the next dial: longer with every failure, and with what the peer has done. */
  #pause ({ peer, failures }: Candidate): number {
    const doublings = Math.max(0, failures - 1) - Math.min(0, this.#init.ledger.score(peer)) / 10
    return Math.min(REDIAL_MAX_MS, REDIAL_FIRST_MS * 2 ** doublings) * (0.5 + this.#init.random())
  }

  async #dial (interest: Interest, candidate: Candidate): Promise<void> {
    const { clock, addresses, exchange } = this.#init
    const { peer, teller } = candidate
    this.#dialing.set(peer, { teller, interest, since: clock.now() })
    const known = addresses.connected(peer)
    const timeout = new AbortController()
    const cancel = afterAwake(clock, DIAL_TIMEOUT_MS, () => { timeout.abort(new Error(`no session within ${DIAL_TIMEOUT_MS} ms`)) })
    const signal = AbortSignal.any([timeout.signal, interest.abort.signal])
    const over = this.#introduce(interest, peer)
    try {
      const addrs = addresses.usable(candidate.addrs.map(({ addr }) => addr))
      const session = await exchange.connect(peer, addrs, { signal })
      if (session.transport === 'relay') {
        // better than nothing, but a better way is tried again, first before the relay has to do
        interest.candidates.failed(candidate)
        candidate.next = clock.now() + (candidate.failures === 1 ? RELAY_PATIENCE_MS / 2 : this.#pause(candidate))
      } else {
        candidate.failures = 0
        candidate.next = clock.now() + REDIAL_FIRST_MS
      }
      this.#host.opened(session, !known)
      if (!interest.abort.signal.aborted) interest.circle.greet(session)
    } catch (error) {
      interest.candidates.failed(candidate)
      candidate.next = clock.now() + this.#pause(candidate)
      interest.failedDials++
      // libp2p's message goes on with the stacks of all transports
      interest.lastFailure = firstLine(timeout.signal.aborted ? timeout.signal.reason : error)
    } finally {
      cancel()
      over()
      this.#dialing.delete(peer)
      this.#host.changed()
    }
  }

  /**
   * While WebRTC is being tried the peers may talk over the relay through which they find each other, as soon as they are connected by it.
   * Returns what ends that.
   */
  #introduce (interest: Interest, peer: PeerName): () => void {
    const { clock, addresses, exchange } = this.#init
    const over = new AbortController()
    const talk = async (): Promise<void> => {
      try {
        const session = await exchange.connect(peer, [], { signal: AbortSignal.any([over.signal, interest.abort.signal]) })
        if (!interest.abort.signal.aborted) interest.circle.greet(session)
      } catch {
        // the dial itself goes on, and reports what becomes of it
      }
    }
    const look = (): void => {
      if (addresses.connected(peer)) void talk()
      else cancel = clock.after(INTRODUCED_AGAIN_MS, look)
    }
    let cancel = clock.after(INTRODUCED_MS, look)
    return () => {
      cancel()
      over.abort()
    }
  }
}

/** Reached over relays, if at all by others. */
function onlyRelayed (addrs: readonly string[]): boolean {
  return addrs.length > 0 && addrs.every(addr => addr.includes('/p2p-circuit'))
}

/** In a browser libp2p lets through what is no Error: an event, or nothing at all. */
function firstLine (error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown }
  return (typeof message === 'string' ? message : String(error)).split('\n', 1)[0] ?? ''
}
