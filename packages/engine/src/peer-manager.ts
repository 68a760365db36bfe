import { BoundedMap, shuffle, type Random } from '@shoal/base'
import type { Availability, Locality, PeerHint, PeerName, PenaltyReason, Session, SwarmId } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import { Candidates, type Candidate, type Source } from './candidates.js'
import { ALIVE_MS, AWAY_MS, CANDIDATES_PER_SWARM, FIND_FIRST_MS, FIND_MAX_MS, FIRST_LOOK_MS, NEIGHBOUR_EVERY_MS, REDIAL_MAX_MS, REVIEW_MS } from './defaults.js'
import { Dialler, type DiallerInit } from './dialler.js'
import { Discovery, type DiscoveryInit } from './discovery.js'
import type { Circle, Interest } from './interest.js'
import { missing, sated, targetAfter, toLeave, Unshared } from './keeper.js'
import { localityOf, nearness } from './locality.js'
import { RelaySearch } from './relay-search.js'
import { swarmCell } from './swarm-cell.js'

const NOBODY: readonly Session[] = []

interface PeerManagerInit extends DiscoveryInit, DiallerInit {
  readonly random: Random
  readonly alarm: Alarm
  readonly availability: Pick<Availability, 'cell' | 'swarmSize'>
}

/**
 * Whom to dial, keep and shut out, for all contents of a node: each names its candidates and judges its neighbours, the limits are shared.
 */
export class PeerManager {
  readonly #init: PeerManagerInit
  readonly #discovery: Discovery
  readonly #dialler: Dialler
  readonly #relays: RelaySearch
  readonly #unshared = new Unshared()
  readonly #interests = new Map<SwarmId, Interest>()
  readonly #since = new WeakMap<Session, number>()
  readonly #sessions = new Map<PeerName, Set<Session>>()
  readonly #work = (): void => { this.#tick() }

  constructor (init: PeerManagerInit) {
    this.#init = init
    const changed = (): void => { this.#nudge() }
    this.#discovery = new Discovery(init, interest => { this.#named(interest) })
    const opened = (session: Session, first: boolean): void => {
      if (first && session.direction === 'outbound' && session.transport !== 'relay') this.#unshared.add(session.peer, init.clock.now())
    }
    this.#dialler = new Dialler(init, {
      changed,
      sessionsOf: peer => this.sessionsOf(peer),
      since: session => this.#since.get(session) ?? -Infinity,
      outbound: () => this.#outbound(),
      connected: () => this.#sessions.size,
      opened
    })
    this.#relays = new RelaySearch(init, { connected: peer => this.#sessions.has(peer), banned: peer => this.banned(peer), opened })
  }

  /** Look for peers of this swarm until `forget`. */
  seek (swarm: SwarmId, hints: readonly PeerHint[], circle: Circle): void {
    const { clock, addresses, availability } = this.#init
    const now = clock.now()
    this.#interests.set(swarm, {
      swarm,
      circle,
      candidates: new Candidates(),
      away: new BoundedMap(CANDIDATES_PER_SWARM),
      abort: new AbortController(),
      findPause: FIND_FIRST_MS,
      nextFind: now,
      finding: false,
      cell: () => swarmCell(availability, swarm),
      locality: () => localityOf(swarm, addresses.surroundings?.() ?? {}),
      swarmSize: () => availability.swarmSize(swarm),
      soughtCell: false,
      nextReview: now + REVIEW_MS,
      failedDials: 0,
      lastFailure: '',
      since: now,
      expected: 0
    })
    for (const hint of hints) this.suggest(swarm, hint)
    this.#init.alarm.soonest(this.#work, now)
  }

  forget (swarm: SwarmId): void {
    this.#interests.get(swarm)?.abort.abort()
    this.#interests.delete(swarm)
  }

  /** Somebody says that this peer is in the swarm: over `session`, when it was a member. */
  suggest (swarm: SwarmId, hint: PeerHint, source: Source = 'link', session?: Session): void {
    const interest = this.#interests.get(swarm)
    if (interest !== undefined) this.#discovery.suggest(interest, hint, source, session)
  }

  /**
   * A peer says where it is, the nearer are dialled first, and whether it has everything: then it is not dialled by those who have. Others'
   * words, so nothing else follows from them.
   */
  described (swarm: SwarmId, peer: PeerName, { locality, whole }: { locality: Locality | undefined, whole: boolean }): void {
    const interest = this.#interests.get(swarm)
    const candidate = interest?.candidates.get(peer)
    if (interest === undefined || candidate === undefined) return
    candidate.nearness = nearness(interest.locality(), locality)
    candidate.whole = whole
  }

  /** Of `nearness`, by what the peer said last; 0 when it said nothing. */
  nearness (swarm: SwarmId, peer: PeerName): 0 | 1 | 2 {
    return this.#interests.get(swarm)?.candidates.get(peer)?.nearness ?? 0
  }

  opened (session: Session): boolean {
    if (this.banned(session.peer)) return false
    let set = this.#sessions.get(session.peer)
    if (set === undefined) this.#sessions.set(session.peer, set = new Set())
    set.add(session)
    this.#since.set(session, this.#init.clock.now())
    for (const { candidates, circle } of this.#interests.values()) {
      if (candidates.get(session.peer) !== undefined) circle.greet(session)
    }
    return true
  }

  /** @param goodbye the peer said so: it is not dialled for a while in the swarms that it was in */
  closed (session: Session, goodbye: boolean): void {
    const { peer } = session
    const set = this.#sessions.get(peer)
    if (set?.delete(session) !== true) return
    if (set.size === 0) {
      this.#sessions.delete(peer)
      this.#unshared.delete(peer)
    }
    for (const [swarm, interest] of this.#interests) {
      if (goodbye && set.size === 0 && interest.circle.direct.has(peer)) this.left(swarm, peer)
      const candidate = interest.candidates.get(peer)
      if (candidate !== undefined) this.#dialler.lost(candidate)
      this.#discovery.hasten(interest)
    }
    this.#nudge()
  }

  /** The peer left the swarm: somebody else takes its place now, and it is left alone for a while. */
  left (swarm: SwarmId, peer: PeerName): void {
    this.#interests.get(swarm)?.away.set(peer, this.#init.clock.now() + AWAY_MS)
    this.#nudge()
  }

  sessionsOf (peer: PeerName): Iterable<Session> {
    return this.#sessions.get(peer) ?? NOBODY
  }

  /** Peers that were named for the swarm. */
  candidates (swarm: SwarmId): number {
    return this.#interests.get(swarm)?.candidates.size ?? 0
  }

  /**
   * Peers that are named for the swarm and that nothing is known against: those who left do not count, nor those who could not be reached,
   * unless they have announced themselves of late. Two behind NATs that let neither through are in the swarm all the same, and whoever
   * forgot the other would think himself elected in its place.
   */
  known (swarm: SwarmId): PeerName[] {
    const interest = this.#interests.get(swarm)
    if (interest === undefined) return []
    const { candidates, away } = interest
    const now = this.#init.clock.now()
    const there = ({ peer, failures, heardAt }: Candidate): boolean =>
      (failures === 0 || now - heardAt < ALIVE_MS) && (away.get(peer) ?? 0) <= now && !this.banned(peer)
    return [...candidates].filter(there).map(({ peer }) => peer)
  }

  /** Until when somebody new is likely to join: a wait for the first who are found, and for those who are being dialled. */
  expecting (swarm: SwarmId): number {
    const interest = this.#interests.get(swarm)
    return interest === undefined ? 0 : Math.max(interest.since + FIRST_LOOK_MS, interest.expected)
  }

  /** Dials that failed, for messages: empty when none did. */
  trouble (swarm: SwarmId): string {
    const { failedDials = 0, lastFailure = '' } = this.#interests.get(swarm) ?? {}
    return failedDials === 0 ? '' : `failed dials: ${failedDials}, the last because "${lastFailure}"`
  }

  /** Counts a misdeed and shuts the peer out when it was one too many. Returns its score, −100 then. */
  penalise (peer: PeerName, reason: PenaltyReason): number {
    const { ledger } = this.#init
    ledger.accounts.penalise(peer, reason)
    if (this.banned(peer)) this.#close(peer, 'banned')
    return ledger.score(peer)
  }

  banned (peer: PeerName): boolean {
    return this.#init.ledger.accounts.banned(peer)
  }

  /**
   * Somebody new was named. In a crowd dozens are in a moment, each time hundreds to choose from, and mostly nobody is looked for, or as
   * many are being dialled as may be: then it has time.
   */
  #named (interest: Interest): void {
    const { clock, alarm, limits: { peersPerSwarm } } = this.#init
    const now = clock.now()
    const wanted = missing(interest, targetAfter(now - interest.since, peersPerSwarm))
    if (this.#dialler.free && wanted > this.#dialler.underWay(interest, now).count) this.#nudge()
    else alarm.soonest(this.#work, now + NEIGHBOUR_EVERY_MS)
  }

  /** Something changed that may call for more peers. */
  #nudge (): void {
    this.#init.alarm.soonest(this.#work, this.#init.clock.now() + 5)
  }

  #tick (): void {
    const { clock, random, addresses, limits: { peersPerSwarm }, alarm } = this.#init
    const now = clock.now()
    const interests = shuffle([...this.#interests.values()], random)
    const unshared = this.#unshared.due(interests, () => addresses.own(), now)
    for (const peer of unshared.peers) this.#leave(peer)
    let wake = Math.min(interests.length > 0 ? now + FIND_MAX_MS : Infinity, unshared.wake, this.#relays.look(interests, now))
    for (const interest of interests) {
      if (interest.nextReview <= now) this.#review(interest, now)
      if (interest.circle.direct.size > 0) wake = Math.min(wake, interest.nextReview)
      const target = targetAfter(now - interest.since, peersPerSwarm)
      if (target < peersPerSwarm) wake = Math.min(wake, now + NEIGHBOUR_EVERY_MS)
      const wanted = missing(interest, target)
      if (wanted <= 0) continue
      wake = Math.min(wake, this.#dialler.dial(interest, wanted, target, now))
      if (!sated(interest)) wake = Math.min(wake, this.#discovery.look(interest, now))
    }
    if (wake < Infinity) alarm.soonest(this.#work, Math.max(wake, now + 50))
  }

  #review (interest: Interest, now: number): void {
    interest.nextReview = now + REVIEW_MS
    const worst = toLeave(interest, this.#init.limits.peersPerSwarm, interest.circle.review(now), now)
    if (worst === undefined) return
    const candidate = interest.candidates.get(worst)
    // it said so to its neighbours, and may not announce it for long
    if (candidate !== undefined && interest.circle.whole === true) candidate.whole = true
    interest.away.set(worst, now + REDIAL_MAX_MS)
    interest.circle.part(worst)
  }

  #leave (peer: PeerName): void {
    const until = this.#init.clock.now() + REDIAL_MAX_MS
    for (const { candidates } of this.#interests.values()) {
      const candidate = candidates.get(peer)
      if (candidate !== undefined) candidate.next = until
    }
    this.#close(peer, 'no content in common')
  }

  #close (peer: PeerName, reason: string): void {
    for (const session of [...this.sessionsOf(peer)]) void session.close(reason).catch(() => {})
  }

  #outbound (): number {
    let count = 0
    for (const sessions of this.#sessions.values()) {
      for (const { direction } of sessions) {
        if (direction !== 'outbound') continue
        count++
        break
      }
    }
    return count
  }
}
