import {
  ManifestError, type AnnouncementEvent, type PeerName, type PeerProfile, type PeerStatus, type PenaltyReason, type RefuseReason,
  type Session, type SessionEvent, type Sharing, type SwarmId, type UploadStatus
} from '@shoal/interface'
import { BoundedMap, hostOf } from '@shoal/base'
import { MANIFEST_SEGMENT } from '@shoal/content'
import { claim, FLUSH_MS, worth } from '@shoal/ledger'
import { Alarm } from './alarm.js'
import type { Standing } from './choker.js'
import { DEFAULT_LIMITS, DEFAULT_UPLOAD, PEERS_WATCHED, RECHECK_MS } from './defaults.js'
import type { Gates } from './gate.js'
import { Holdings } from './holdings.js'
import { Honesty } from './honesty.js'
import type { Neighbours } from './neighbours.js'
import type { Affordable } from './mode.js'
import { PeerManager } from './peer-manager.js'
import { BusyRate } from './profile.js'
import { routeOf } from './route.js'
import { inSameNetwork } from './same-network.js'
import type { Shared } from './shared.js'
import { Spread } from './spread.js'
import { SwarmDriver } from './swarm-driver.js'
import type { Engine, EngineComponents, EngineInit, OpenSwarm, SwarmOpening, UploadLimits } from './types.js'
import { UploadControl } from './upload-control.js'

/**
 * What the contents of a node share: the sessions, the ledger, the upload, the writes under way, the one timer. Session events come in
 * here and go to the swarm that they name.
 */
export function createEngine (init: EngineInit, components: EngineComponents): Engine {
  return new NodeEngine(init, components)
}

class NodeEngine implements Engine {
  readonly #init: EngineInit
  readonly #components: EngineComponents
  readonly #alarm: Alarm
  readonly #holdings: Holdings
  readonly #uploads: UploadControl
  readonly #peers: PeerManager
  readonly #honesty: Honesty
  readonly #spread = new Spread()
  /** Peers that announce themselves as phones. */
  readonly #weak = new BoundedMap<PeerName, true>(PEERS_WATCHED)
  readonly #swarms = new Map<SwarmId, SwarmDriver>()
  readonly #started: number
  readonly #down = new BusyRate()
  readonly #up = new BusyRate()
  #device: Affordable | undefined
  #user: Sharing
  readonly #flush = (): void => { void this.#writeLedger() }
  #gates: Promise<Gates> | undefined
  readonly #recheck = (): void => { for (const driver of this.#swarms.values()) driver.recheck() }

  constructor (init: EngineInit, components: EngineComponents) {
    const limits = { ...DEFAULT_LIMITS, ...init.limits }
    const { clock } = components
    const alarm = this.#alarm = new Alarm(clock)
    this.#started = clock.now()
    this.#init = init
    this.#user = init.sharing ?? 'full'
    this.#components = components
    this.#holdings = new Holdings(components.store)
    this.#holdings.onroom = () => { for (const driver of this.#swarms.values()) driver.resume() }
    this.#honesty = new Honesty(clock)
    this.#uploads = new UploadControl({
      clock,
      alarm,
      ledger: components.ledger,
      limits: { ...DEFAULT_UPLOAD, ...init.upload },
      standing: peer => this.#standing(peer),
      sessions: () => components.exchange.sessions,
      upRate: () => this.#up.value,
      pressed: () => [...this.#swarms.values()].some(driver => driver.pressed),
      changed: (peer, choked) => { for (const driver of this.#swarms.values()) driver.setChoked(peer, choked) },
      turned: () => { for (const driver of this.#swarms.values()) driver.turned() }
    })
    this.#peers = new PeerManager({
      ...components, self: init.self, alarm, limits, onerror: (error, doing) => { components.emit('error', { error, doing }) }
    })
  }

  get profile (): PeerProfile {
    const { clock, store: { used, quota } } = this.#components
    const uptime = (clock.now() - this.#started) / 1000
    const capacity = this.#uploads.gives ? this.#init.capacity : 0
    return { capacity, downRate: this.#down.value, upRate: this.#up.value, uptime, store: { used, quota } }
  }

  get peers (): readonly PeerStatus[] {
    return [...this.#components.exchange.sessions].map(session => ({
      peer: session.peer,
      transport: session.transport,
      route: routeOf(session.transport),
      limited: session.limited,
      addr: session.remoteAddr,
      direction: session.direction,
      contents: [...this.#swarms.values()].filter(driver => driver.members.has(session.peer)).map(driver => driver.link),
      stats: session.stats
    }))
  }

  async start (): Promise<void> {
    await this.#components.availability.start(event => { this.#heard(event) })
    await this.#components.exchange.start(event => { this.#on(event) }, {
      admit: async (session, swarm, token) => await this.#admit(session, swarm, token),
      choked: (session, swarm, segment) => segment !== MANIFEST_SEGMENT && this.#choked(session, swarm),
      expects: (place, session) => this.#swarms.get(place.swarm)?.expects(session, place.segment, place.block) ?? 'not-joined',
      read: async (place, session) => await this.#swarms.get(place.swarm)?.serve(session, place.segment, place.block),
      acquire: (session, bytes, signal) => {
        this.#up.add(bytes, this.#components.clock.now())
        return this.#uploads.acquire(session.peer, bytes, signal)
      }
    })
  }

  async stop (): Promise<void> {
    for (const driver of [...this.#swarms.values()]) driver.close()
    this.#alarm.stop()
    await this.#components.exchange.stop()
    await this.#components.availability.stop()
    await this.#writeLedger()
  }

  open (opening: SwarmOpening): OpenSwarm {
    const shared: Shared = {
      init: this.#init,
      components: this.#components,
      alarm: this.#alarm,
      holdings: this.#holdings,
      peerManager: this.#peers,
      spread: this.#spread,
      profile: () => this.profile,
      gives: () => this.#uploads.gives,
      busy: () => this.#uploads.busy || [...this.#swarms.values()].some(driver => driver.active),
      sharing: () => ({ device: this.#device, user: this.#user }),
      penalise: (peer, reason, detail) => { this.#penalise(peer, reason, detail) },
      listed: async digests => await this.#listed(digests),
      unfounded: session => { this.#unfounded(session) },
      tenants: async () => await this.#tenants(),
      closed: swarm => { this.#swarms.delete(swarm) }
    }
    const driver = new SwarmDriver(opening, shared)
    this.#swarms.set(opening.swarm, driver)
    return driver
  }

  setUpload (limits: Partial<UploadLimits>): void {
    this.#uploads.set(limits)
  }

  get upload (): UploadStatus {
    return this.#uploads.status
  }

  async lend (to: string, bytes: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#uploads.gives) return false
    await this.#uploads.acquire(to, bytes, signal)
    return true
  }

  get sharing (): Sharing {
    return this.#user
  }

  setSharing (user: Sharing): void {
    this.#user = user
    this.#reconsider()
  }

  afford (affordable: Affordable): void {
    this.#device = affordable
    this.#reconsider()
  }

  #reconsider (): void {
    for (const driver of this.#swarms.values()) driver.reconsider()
  }

  async revoke (list: string): Promise<boolean> {
    return await (await this.#tenants()).revoke(list)
  }

  async #tenants (): Promise<Gates> {
    this.#gates ??= import('./tenants.js').then(({ Tenants }) => new Tenants(this.#components.revocations))
    return await this.#gates
  }

  storeLost (): void {
    this.#alarm.soonest(this.#recheck, this.#components.clock.now() + RECHECK_MS)
  }

  #on (event: SessionEvent): void {
    const { session } = event
    switch (event.type) {
      case 'open': return this.#opened(session)
      case 'closed': return this.#closed(event)
      case 'join': return this.#neighbours(event.swarm)?.joined(session, event.have)
      case 'turned-away': return this.#neighbours(event.swarm)?.turnedAway(session)
      case 'leave': return this.#neighbours(event.swarm)?.leave(session)
      case 'join-refused': return this.#neighbours(event.swarm)?.joinRefused(session, event.reason)
      case 'revoked': return this.#swarms.get(event.swarm)?.access.revoked(session, event.list)
      case 'have': return this.#neighbours(event.swarm)?.have(session, event.delta)
      case 'fetching': return this.#neighbours(event.swarm)?.fetching(session, event.segment)
      case 'choke': return this.#neighbours(event.swarm)?.choked(session, true)
      case 'unchoke': return this.#neighbours(event.swarm)?.choked(session, false)
      case 'pex': return this.#named(session, event)
      case 'block': return this.#block(event)
      case 'refused': return this.#neighbours(event.place.swarm)?.refused(session, event.place, event.reason)
      case 'sent': return this.#sent(event)
      case 'stalled': return this.#stalled(event)
      case 'head': return void this.#head(session, event.swarm, event.head)
      case 'penalty': return this.#penalty(event)
      case 'purge': return this.#swarms.get(event.swarm)?.purging.heard(session, event.purge)
      case 'demand':
    }
  }

  async #admit (session: Session, swarm: SwarmId, token: string | undefined): Promise<RefuseReason | undefined> {
    if (this.#peers.banned(session.peer)) return 'unauthorised'
    // whoever still has what was purged learns it from those who have not
    const purge = this.#swarms.has(swarm) ? undefined : await this.#init.purgeOf?.(swarm)
    // perhaps opened meanwhile
    const driver = this.#swarms.get(swarm)
    if (driver !== undefined) return await driver.access.admit(session, token)
    if (purge !== undefined) session.purge(swarm, purge)
    return 'not-found'
  }

  async #listed (digests: ReadonlySet<string>): Promise<Set<string>> {
    const found = new Set<string>()
    for (const driver of this.#swarms.values()) for await (const digest of driver.purging.listed(digests)) found.add(digest)
    return found
  }

  #neighbours (swarm: SwarmId): Neighbours | undefined {
    return this.#swarms.get(swarm)?.neighbours
  }

  #block ({ session, place, block, ms }: SessionEvent & { type: 'block' }): void {
    const { clock, ledger } = this.#components
    const driver = this.#swarms.get(place.swarm)
    const bytes = block.bytes.byteLength
    this.#down.add(bytes, clock.now())
    ledger.accounts.received(session.peer, place.swarm, bytes, worth(driver?.popularity ?? 1), ms)
    this.#remember()
    driver?.neighbours.block(session, place, block)
  }

  #sent ({ session, swarm, bytes }: SessionEvent & { type: 'sent' }): void {
    this.#components.ledger.accounts.sent(session.peer, swarm, bytes)
    this.#remember()
    this.#neighbours(swarm)?.sent(session, bytes)
  }

  /** The ledger changed: it is written soon, and at once when the node stops. */
  #remember (): void {
    this.#alarm.soonest(this.#flush, this.#components.clock.now() + FLUSH_MS)
  }

  async #writeLedger (): Promise<void> {
    const { ledger, emit } = this.#components
    try {
      await ledger.flush()
    } catch (error) {
      emit('error', { error: error as Error, doing: 'writing the ledger' })
      this.#remember()
    }
  }

  #standing (peer: PeerName): Standing {
    const { ledger: { accounts } } = this.#components
    const [session] = this.#peers.sessionsOf(peer)
    const local = session !== undefined && inSameNetwork(session.remoteAddr)
    return {
      claim: claim(accounts.facts(peer), { local }),
      passes: this.#spread.share(peer),
      host: session === undefined ? undefined : hostOf(session.remoteAddr),
      fresh: accounts.fresh(peer),
      weak: this.#weak.has(peer)
    }
  }

  #unfounded (session: Session): void {
    if (!this.#honesty.missing(session.peer)) return
    this.#penalise(session.peer, 'false-have', 'expected blocks that it says it holds, too many of them were not to be had')
  }

  /** Tells whoever has to wait so, once: it need not ask again and again. */
  #choked (session: Session, swarm: SwarmId): boolean {
    const { peer } = session
    const driver = this.#swarms.get(swarm)
    const choked = driver?.gives === false || (driver?.access.urgent(session) !== true && this.#uploads.choked(peer))
    if (choked) driver?.setChoked(peer, true)
    return choked
  }

  #opened (session: Session): void {
    if (!this.#peers.opened(session)) {
      void session.close('banned').catch(() => {})
      return
    }
    const { peer, transport, limited, remoteAddr: addr, direction } = session
    this.#components.emit('peer:connect', { peer, transport, route: routeOf(transport), limited, addr, direction })
  }

  #closed ({ session, lost, reason, goodbye }: SessionEvent & { type: 'closed' }): void {
    this.#peers.closed(session, goodbye)
    this.#components.ledger.accounts.wasted(session.peer, session.stats.wasted)
    for (const driver of this.#swarms.values()) driver.neighbours.left(session, lost.filter(place => place.swarm === driver.swarm))
    if (![...this.#peers.sessionsOf(session.peer)].some(other => !other.closed)) this.#uploads.gone(session.peer)
    this.#components.emit('peer:disconnect', { peer: session.peer, reason })
  }

  async #head (session: Session, swarm: SwarmId, head: Uint8Array): Promise<void> {
    try {
      await this.#neighbours(swarm)?.head(session, head)
    } catch (error) {
      // closed or not found meanwhile is nobody's fault
      if (error instanceof ManifestError) this.#penalty({ type: 'penalty', session, reason: 'bad-head', detail: error.message })
    }
  }

  #stalled ({ session, ms }: SessionEvent & { type: 'stalled' }): void {
    this.#penalty({ type: 'penalty', session, reason: 'stalled', detail: `expected blocks that were asked for, got nothing for ${Math.round(ms / 1000)} s` })
    for (const driver of this.#swarms.values()) driver.neighbours.stalled(session)
  }

  #penalty ({ session: { peer }, reason, detail }: SessionEvent & { type: 'penalty' }): void {
    this.#penalise(peer, reason, detail)
  }

  #penalise (peer: PeerName, reason: PenaltyReason, detail: string): void {
    this.#components.emit('peer:penalty', { peer, reason, detail, score: this.#peers.penalise(peer, reason) })
    this.#remember()
  }

  #named (session: Session, { swarm, peers }: SessionEvent & { type: 'pex' }): void {
    for (const hint of peers) this.#peers.suggest(swarm, hint, 'pex', session)
  }

  #heard (event: AnnouncementEvent): void {
    switch (event.type) {
      case 'announcement': {
        const { swarm, peer, addrs, capacity, locality, share } = event.announcement
        if (capacity === 1) this.#weak.set(peer, true)
        else this.#weak.delete(peer)
        this.#peers.suggest(swarm, { peer, addrs }, 'announcement')
        this.#peers.described(swarm, peer, { locality, whole: share >= 1 })
        return
      }
      case 'rejected': return this.#penalise(event.from, 'bad-announcement', event.reason)
      case 'cell': return this.#swarms.get(event.swarm)?.moved()
      case 'shed': {
        const error = new Error(`expected announcements of peers, got so many that ${event.dropped} were not looked at`)
        return this.#components.emit('error', { error, doing: 'hearing who is there' })
      }
      case 'unpublished': this.#components.emit('error', { error: new Error(event.reason), doing: 'announcing what is held' })
    }
  }
}
