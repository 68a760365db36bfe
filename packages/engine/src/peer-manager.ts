import { shuffle, type Clock, type Random } from '@shoal/base'
import type { Exchange, PeerHint, PeerName, PenaltyReason, Routing, Session, SwarmId } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import { Candidates, type Candidate, type Source } from './candidates.js'
import {
  DIAL_TIMEOUT_MS, FIND_FIRST_MS, FIND_MAX_MS, FIND_TIMEOUT_MS, REDIAL_FIRST_MS, REDIAL_MAX_MS, UNSHARED_MS
} from './defaults.js'
import { Standing } from './standing.js'
import type { AddressBook, EngineLimits } from './types.js'

interface Interest {
  readonly swarm: SwarmId
  readonly candidates: Candidates
  /** Peers of the swarm with a session. */
  readonly connected: () => ReadonlySet<PeerName>
  /** A session to a peer that is likely in the swarm: say hello there. */
  readonly greet: (session: Session) => void
  readonly abort: AbortController
  findPause: number
  nextFind: number
  finding: boolean
  failedDials: number
  lastFailure: string
}

interface PeerManagerInit {
  readonly self: PeerName
  readonly clock: Clock
  readonly random: Random
  readonly alarm: Alarm
  readonly exchange: Exchange
  readonly routing: Routing
  readonly addresses: AddressBook
  readonly limits: EngineLimits
  readonly onerror: (error: Error, doing: string) => void
}

/** Whom to dial, keep and shut out, for all contents of a node: each names its candidates, the limits are shared. */
export class PeerManager {
  readonly #self: PeerName
  readonly #clock: Clock
  readonly #random: Random
  readonly #alarm: Alarm
  readonly #exchange: Exchange
  readonly #routing: Routing
  readonly #addresses: AddressBook
  readonly #limits: EngineLimits
  readonly #interests = new Map<SwarmId, Interest>()
  readonly #sessions = new Map<PeerName, Set<Session>>()
  /** Peers that are being dialled, and on whose word alone. */
  readonly #dialing = new Map<PeerName, PeerName | undefined>()
  /** Peers to which there was no connection before it was opened here, and when a swarm was last shared with them. */
  readonly #shared = new Map<PeerName, number>()
  readonly #standing: Standing
  readonly #work = (): void => { this.#tick() }
  readonly #onerror: (error: Error, doing: string) => void

  constructor (init: PeerManagerInit) {
    this.#self = init.self
    this.#clock = init.clock
    this.#random = init.random
    this.#alarm = init.alarm
    this.#exchange = init.exchange
    this.#routing = init.routing
    this.#addresses = init.addresses
    this.#limits = init.limits
    this.#onerror = init.onerror
    this.#standing = new Standing(init.clock)
  }

  /** Look for peers of this swarm until `forget`. */
  seek (swarm: SwarmId, hints: readonly PeerHint[], connected: () => ReadonlySet<PeerName>, greet: (session: Session) => void): void {
    this.#interests.set(swarm, {
      swarm,
      candidates: new Candidates(),
      connected,
      greet,
      abort: new AbortController(),
      findPause: FIND_FIRST_MS,
      nextFind: this.#clock.now(),
      finding: false,
      failedDials: 0,
      lastFailure: ''
    })
    for (const hint of hints) this.suggest(swarm, hint)
    this.#alarm.soonest(this.#work, this.#clock.now())
  }

  forget (swarm: SwarmId): void {
    this.#interests.get(swarm)?.abort.abort()
    this.#interests.delete(swarm)
  }

  /** Somebody says that this peer is in the swarm: over `session`, when it was a member. */
  suggest (swarm: SwarmId, { peer, addrs }: PeerHint, source: Source = 'link', session?: Session): void {
    const interest = this.#interests.get(swarm)
    if (interest === undefined || peer === this.#self || this.banned(peer)) return
    const believed = source === 'link' ? addrs : this.#addresses.heard(addrs, session?.remoteAddr)
    // without any the node may still know the way, but not when all that is said of it must not be tried
    if (believed.length === 0 && addrs.length > 0) return
    if (interest.candidates.add(peer, believed, source, session?.peer)) this.nudge()
  }

  /** Something changed that may call for more peers. */
  nudge (): void {
    this.#alarm.soonest(this.#work, this.#clock.now() + 5)
  }

  opened (session: Session): boolean {
    if (this.banned(session.peer)) return false
    let set = this.#sessions.get(session.peer)
    if (set === undefined) this.#sessions.set(session.peer, set = new Set())
    set.add(session)
    for (const interest of this.#interests.values()) if (interest.candidates.get(session.peer) !== undefined) interest.greet(session)
    return true
  }

  closed (session: Session): void {
    const set = this.#sessions.get(session.peer)
    if (set?.delete(session) !== true) return
    if (set.size === 0) {
      this.#sessions.delete(session.peer)
      this.#shared.delete(session.peer)
    }
    const now = this.#clock.now()
    for (const interest of this.#interests.values()) {
      const candidate = interest.candidates.get(session.peer)
      if (candidate !== undefined) candidate.next = Math.max(candidate.next, now + this.#pause(candidate))
      // the swarm shrinks: look again soon
      interest.findPause = FIND_FIRST_MS
      interest.nextFind = Math.min(interest.nextFind, now + FIND_FIRST_MS)
    }
    this.#alarm.soonest(this.#work, now + FIND_FIRST_MS)
  }

  sessionsOf (peer: PeerName): Iterable<Session> {
    return this.#sessions.get(peer) ?? []
  }

  /** Peers that were named for the swarm. */
  candidates (swarm: SwarmId): number {
    return this.#interests.get(swarm)?.candidates.size ?? 0
  }

  /** Dials that failed, for messages: empty when none did. */
  trouble (swarm: SwarmId): string {
    const { failedDials = 0, lastFailure = '' } = this.#interests.get(swarm) ?? {}
    return failedDials === 0 ? '' : `failed dials: ${failedDials}, the last because "${lastFailure}"`
  }

  /** Counts a misdeed and shuts the peer out when it was one too many. Returns its score: 0 down to −100. */
  penalise (peer: PeerName, reason: PenaltyReason): number {
    const score = this.#standing.penalise(peer, reason)
    if (this.banned(peer)) for (const session of [...this.sessionsOf(peer)]) void session.close('banned').catch(() => {})
    return score
  }

  banned (peer: PeerName): boolean {
    return this.#standing.banned(peer)
  }

  #tick (): void {
    const now = this.#clock.now()
    const interests = shuffle([...this.#interests.values()], this.#random)
    let wake = Math.min(this.#interests.size > 0 ? now + FIND_MAX_MS : Infinity, this.#closeUnshared(now))
    for (const interest of interests) {
      const missing = this.#limits.peersPerSwarm - interest.connected().size
      if (missing <= 0) continue
      wake = Math.min(wake, this.#dialSome(interest, missing, now))
      if (!interest.finding && interest.nextFind <= now) void this.#find(interest)
      if (!interest.finding) wake = Math.min(wake, interest.nextFind)
    }
    if (wake < Infinity) this.#alarm.soonest(this.#work, Math.max(wake, now + 50))
  }

  /**
   * Closes what was opened for a swarm that is shared no more: contents get closed, and what others say of peers may be wrong. What others
   * opened is theirs, or libp2p's, to close: it may be a bootstrap node, or somebody who uses this one as DHT node or relay. Returns when
   * there may be more to close.
   */
  #closeUnshared (now: number): number {
    if (this.#shared.size === 0) return Infinity
    const members = new Set([...this.#interests.values()].flatMap(interest => [...interest.connected()]))
    let own: readonly string[] | undefined
    let wake = Infinity
    for (const [peer, since] of [...this.#shared]) {
      if (members.has(peer)) {
        this.#shared.set(peer, now)
      } else if (now - since >= UNSHARED_MS) {
        own ??= this.#addresses.own()
        // others reach this node through it
        if (own.some(addr => addr.includes(`/p2p/${peer}/p2p-circuit`))) continue
        this.#shared.delete(peer)
        for (const { candidates } of this.#interests.values()) {
          const candidate = candidates.get(peer)
          if (candidate !== undefined) candidate.next = now + REDIAL_MAX_MS
        }
        for (const session of [...this.sessionsOf(peer)]) void session.close('no content in common').catch(() => {})
      }
      wake = Math.min(wake, now + UNSHARED_MS)
    }
    return wake
  }

  /** Returns when there will be somebody to dial. */
  #dialSome (interest: Interest, missing: number, now: number): number {
    let wake = Infinity
    let room = Math.min(missing, this.#limits.sessions - this.#outbound() - this.#dialing.size)
    let others = false
    const connected = interest.connected()
    for (const candidate of this.#inOrder(interest.candidates)) {
      const { peer, teller } = candidate
      if (connected.has(peer) || this.banned(peer)) continue
      if (this.#dialing.has(peer)) {
        others = true
        continue
      }
      const open = [...this.sessionsOf(peer)].filter(session => !session.closed)
      if (open.some(session => !session.limited)) {
        for (const session of open) interest.greet(session)
        continue
      }
      if (candidate.next > now) {
        wake = Math.min(wake, candidate.next)
        continue
      }
      if (room <= 0 || this.#dialing.size >= this.#limits.dials) break
      // what one member says must not keep the others' candidates waiting
      if (teller !== undefined && this.#dialingFor(teller) >= Math.max(1, Math.floor(this.#limits.dials / 2))) continue
      if (others && this.#standing.suspect(peer)) continue
      others = true
      room--
      void this.#dial(interest, candidate)
    }
    return wake
  }

  /** Suspects last, those of the link first, then those that failed least, then those of the strongest word. */
  #inOrder (candidates: Candidates): Candidate[] {
    return shuffle([...candidates], this.#random)
      .map(candidate => ({ candidate, suspect: this.#standing.suspect(candidate.peer) }))
      .sort((a, b) => Number(a.suspect) - Number(b.suspect) || Number(b.candidate.linked) - Number(a.candidate.linked) ||
        a.candidate.failures - b.candidate.failures || b.candidate.rank - a.candidate.rank)
      .map(({ candidate }) => candidate)
  }

  /** Peers with a session that was opened from here: those who come by themselves must not use up our own choice. */
  #outbound (): number {
    let count = 0
    for (const sessions of this.#sessions.values()) if ([...sessions].some(session => session.direction === 'outbound')) count++
    return count
  }

  #dialingFor (teller: PeerName): number {
    return [...this.#dialing.values()].filter(one => one === teller).length
  }

  /** Until the next dial: longer with every failure, and with what the peer has done. */
  #pause ({ peer, failures }: Candidate): number {
    const doublings = Math.max(0, failures - 1) - this.#standing.score(peer) / 10
    return Math.min(REDIAL_MAX_MS, REDIAL_FIRST_MS * 2 ** doublings) * (0.5 + this.#random())
  }

  async #dial (interest: Interest, candidate: Candidate): Promise<void> {
    const { peer, teller } = candidate
    this.#dialing.set(peer, teller)
    const known = this.#addresses.connected(peer)
    const timeout = new AbortController()
    const cancel = this.#clock.after(DIAL_TIMEOUT_MS, () => { timeout.abort(new Error(`no session within ${DIAL_TIMEOUT_MS} ms`)) })
    try {
      const addrs = this.#addresses.usable(candidate.addrs.map(({ addr }) => addr))
      const session = await this.#exchange.connect(peer, addrs, { signal: AbortSignal.any([timeout.signal, interest.abort.signal]) })
      candidate.failures = 0
      candidate.next = this.#clock.now() + REDIAL_FIRST_MS
      if (!known && session.direction === 'outbound' && !session.limited) this.#shared.set(peer, this.#clock.now())
      if (!interest.abort.signal.aborted) interest.greet(session)
    } catch (error) {
      interest.candidates.failed(candidate)
      candidate.next = this.#clock.now() + this.#pause(candidate)
      interest.failedDials++
      // libp2p's message goes on with the stacks of all transports
      interest.lastFailure = ((timeout.signal.aborted ? timeout.signal.reason : error) as Error).message.split('\n', 1)[0] ?? ''
    } finally {
      cancel()
      this.#dialing.delete(peer)
      this.nudge()
    }
  }

  async #find (interest: Interest): Promise<void> {
    interest.finding = true
    const timeout = new AbortController()
    const cancel = this.#clock.after(FIND_TIMEOUT_MS, () => { timeout.abort(new Error('lookup took too long')) })
    const asked = this.#routing.known > 0
    try {
      const signal = AbortSignal.any([timeout.signal, interest.abort.signal])
      for await (const hint of this.#routing.find(interest.swarm, { signal })) this.suggest(interest.swarm, hint, 'dht')
    } catch (error) {
      if (!interest.abort.signal.aborted && !timeout.signal.aborted) this.#onerror(error as Error, 'looking for peers')
    } finally {
      cancel()
      interest.finding = false
      // while nobody can be asked the next try costs nothing and comes soon
      interest.nextFind = this.#clock.now() + (asked ? interest.findPause : FIND_FIRST_MS / 2)
      if (asked) interest.findPause = Math.min(FIND_MAX_MS, interest.findPause * 2)
      this.nudge()
    }
  }
}
