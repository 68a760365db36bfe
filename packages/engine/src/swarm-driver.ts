import { raceSignal } from '@shoal/base'
import { MANIFEST_SEGMENT, MAX_ENVELOPE_BYTES, type OpenedManifest } from '@shoal/content'
import {
  ManifestError, NotFoundError, UnavailableError, type BlockPlace, type ContentStats, type Duty, type HaveDelta, type Mode,
  type PeerHint, type PeerName, type ReadOptions, type SaveOptions, type Segment, type Session, type SwarmId, type VerifiedBlock
} from '@shoal/interface'
import { electionRank, electionSeed } from '@shoal/swarm'
import { OPEN_TIMEOUT_MS, SURPLUS_COPIES } from './defaults.js'
import { Delivery } from './delivery.js'
import { dutyOf } from './duty.js'
import { Herald } from './herald.js'
import type { Circle } from './interest.js'
import { ManifestSource } from './manifest-source.js'
import { Members } from './members.js'
import { chooseMode } from './mode.js'
import type { Replicator } from './replicator.js'
import type { Shared } from './shared.js'
import { SwarmStats } from './stats.js'
import type { ContentSink, OpenSwarm, SwarmOpening } from './types.js'

/**
 * One content's place in its swarm: who is a member and what they hold, where the manifest comes from, and what the others hear of us.
 * `Delivery` gets the bytes as soon as the manifest is known.
 */
export class SwarmDriver implements OpenSwarm, Circle {
  readonly swarm: SwarmId
  readonly link: string
  readonly #opening: SwarmOpening
  readonly #shared: Shared
  readonly #members: Members
  readonly #source: ManifestSource
  readonly #stats = new SwarmStats()
  readonly #herald: Herald
  /** Sessions whose head is being looked at: one at a time. */
  readonly #offering = new WeakSet<Session>()
  readonly #giveUp = (): void => { this.#notFound() }
  #delivery: Delivery | undefined
  #replicator: Replicator | undefined
  #mode: Exclude<Mode, 'auto'>
  #origin: boolean | undefined
  #closed = false

  constructor (opening: SwarmOpening, shared: Shared) {
    this.swarm = opening.swarm
    this.link = opening.link
    this.#opening = opening
    this.#shared = shared
    this.#mode = this.#choice().mode
    const { alarm, holdings, peerManager, components: { clock, createHaveMap } } = shared
    this.#members = new Members(createHaveMap)
    this.#source = new ManifestSource({ swarm: opening.swarm, root: opening.root, clock, alarm, holdings, members: this.#members })
    this.#herald = new Herald({
      opening,
      shared,
      members: this.#members,
      inventory: () => this.#sharing ? this.#delivery?.inventory : undefined,
      envelope: () => this.#sharing ? this.#source.envelope : undefined,
      share: () => Math.min(1, this.held / Math.max(1, this.#delivery?.manifest.summary.bytes ?? 0)),
      duty: () => this.duty,
      swarmSize: () => this.#swarmSize
    })
    void this.#source.manifest.promise.then(manifest => { this.#deliver(manifest) }, () => {})
    if (opening.envelope !== undefined) {
      this.#source.offer(opening.envelope).catch((error: unknown) => { this.#source.fail(error as Error) })
    }
    alarm.set(this.#giveUp, clock.now() + OPEN_TIMEOUT_MS)
    peerManager.seek(opening.swarm, opening.hints, this)
    if (this.#sharing) this.#herald.speak()
  }

  /** Nothing is shared in mode `origin`: nothing announced, told or served. */
  get #sharing (): boolean {
    return this.#mode !== 'origin'
  }

  get stats (): ContentStats {
    const { fromPeers, fromOrigin, fromStore, uploaded, wasted, peers } = this.#stats
    const inSessions = [...this.#members].reduce((sum, { session }) => sum + session.stats.wasted, 0)
    const [connected, swarmSize] = [this.#members.size, this.#swarmSize]
    return { fromPeers, fromOrigin, fromStore, uploaded, wasted: wasted + inSessions, peers, connected, swarmSize }
  }

  get held (): number {
    return this.#delivery?.inventory.held ?? 0
  }

  /** Somebody reads or completes it. */
  get active (): boolean {
    return this.#delivery?.active === true
  }

  get duty (): Duty {
    const { init: { replication = 0 }, profile } = this.#shared
    return dutyOf(profile(), { replication: this.#sharing ? replication : 0, swarmSize: this.#swarmSize })
  }

  get copies (): number | undefined {
    return this.#replicator?.copies
  }

  get members (): ReadonlySet<PeerName> {
    return this.#members.peers
  }

  get direct (): ReadonlySet<PeerName> {
    return this.#members.direct
  }

  get useful (): number {
    let useful = 0
    for (const { session, conduct } of this.#members) if (!session.limited && conduct.uselessSince === undefined) useful++
    return useful
  }

  review (now: number): PeerName[] {
    const ours = this.#delivery?.inventory.have
    const segments = this.#delivery?.manifest.summary.segments ?? 0
    const hopeless = []
    for (const { peer, session, have, conduct } of this.#members) {
      if (session.limited || conduct.judge(have, ours, segments, now) || !conduct.hopeless(now)) continue
      hopeless.push({ peer, since: conduct.uselessSince ?? now })
    }
    return hopeless.sort((a, b) => a.since - b.since).map(({ peer }) => peer)
  }

  part (peer: PeerName): void {
    for (const session of [...this.#members.get(peer)?.sessions ?? []]) this.#part(session)
  }

  async manifest (signal?: AbortSignal): Promise<OpenedManifest> {
    return await raceSignal(this.#source.manifest.promise, signal)
  }

  read (segment: Segment, options: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#open().read(segment, options)
  }

  async complete (sink: ContentSink | undefined, options: SaveOptions): Promise<void> {
    await this.manifest(options.signal)
    await this.#open().complete(sink, options)
  }

  async scan (): Promise<void> {
    await this.manifest()
    await this.#open().scan()
  }

  close (): void {
    if (this.#closed) return
    this.#closed = true
    const { alarm, peerManager } = this.#shared
    alarm.set(this.#giveUp, undefined)
    peerManager.forget(this.swarm)
    this.#source.close()
    this.#replicator?.close()
    this.#delivery?.close()
    this.#herald.close()
    this.#shared.closed(this.swarm)
  }

  // What sessions say

  greet (session: Session): void {
    this.#herald.greet(session)
  }

  joined (session: Session, have: HaveDelta): void {
    this.#herald.joined(session)
    const { member, change, touched } = this.#members.join(session, have)
    if (change === 'none') {
      this.#delivery?.swarm.peerHave(member.peer, touched)
      this.#delivery?.schedule()
      return
    }
    if (change === 'moved') this.#delivery?.swarm.peerLeft(member.peer)
    if (!member.session.limited) this.#delivery?.swarm.peerJoined(member.peer, member.have)
    this.#source.poke()
    void this.#herald.sendPeers(session)
    this.#delivery?.schedule()
  }

  /** The peer is not in the swarm: perhaps later. */
  joinRefused (session: Session): void {
    this.#herald.refused(session)
  }

  have (session: Session, delta: HaveDelta): void {
    const member = this.#members.by(session)
    if (member === undefined) return
    const touched = member.have.apply(delta)
    if (member.session.limited || touched.length === 0) return
    this.#delivery?.swarm.peerHave(member.peer, touched, delta)
    this.#delivery?.schedule()
  }

  /** The peer left the swarm. So do we on this session: a later JOIN of either side begins anew. */
  leave (session: Session): void {
    const gone = this.#members.by(session)?.sessions.size === 1
    this.#part(session)
    if (gone) this.#shared.peerManager.left(this.swarm, session.peer)
  }

  #part (session: Session): void {
    this.left(session, [])
    session.leave(this.swarm)
  }

  /** The session closed with these blocks outstanding, or the peer left. */
  left (session: Session, lost: readonly BlockPlace[]): void {
    for (const place of lost) {
      if (place.segment === MANIFEST_SEGMENT) this.#source.failed(place.block)
      else if (this.#members.get(session.peer)?.session === session) this.#delivery?.swarm.lost(session.peer, place.segment, place.block)
    }
    this.#herald.left(session)
    const left = this.#members.leave(session)
    if (left === undefined || left.change === 'none') return
    const { member, change } = left
    this.#stats.wasted += session.stats.wasted
    this.#delivery?.swarm.peerLeft(member.peer)
    if (change === 'moved' && !member.session.limited) this.#delivery?.swarm.peerJoined(member.peer, member.have)
    this.#delivery?.schedule()
  }

  choked (session: Session, choked: boolean): void {
    const member = this.#members.by(session)
    if (member === undefined) return
    member.conduct.refusing = choked
    this.#delivery?.swarm.peerChoked(session.peer, choked)
    this.#delivery?.schedule()
  }

  fetching (session: Session, segment: number): void {
    if (this.#members.by(session) === undefined) return
    this.#delivery?.swarm.peerFetching(session.peer, segment)
    this.#delivery?.schedule()
  }

  stalled (session: Session): void {
    const member = this.#members.by(session)
    if (member === undefined) return
    member.conduct.stalled = true
    this.#delivery?.swarm.stalled(session.peer)
    this.#delivery?.schedule()
  }

  /** @throws ManifestError when the signature is bad: the giver's fault */
  async head (session: Session, head: Uint8Array): Promise<void> {
    if (this.#delivery !== undefined || this.#offering.has(session)) return
    if (head.byteLength > MAX_ENVELOPE_BYTES) {
      throw new ManifestError(`expected a signature of at most ${MAX_ENVELOPE_BYTES} bytes, got ${head.byteLength}`)
    }
    this.#offering.add(session)
    try {
      await this.#source.offer(head)
    } finally {
      this.#offering.delete(session)
    }
  }

  block (session: Session, place: BlockPlace, block: VerifiedBlock): void {
    this.#exchanged(session, true)
    if (place.segment === MANIFEST_SEGMENT) this.#source.arrived(place.block, block)
    else this.#delivery?.arrived(place.segment, place.block, block, { kind: 'peer', peer: session.peer })
  }

  refused (session: Session, place: BlockPlace, reason: string): void {
    if (place.segment === MANIFEST_SEGMENT) {
      this.#source.failed(place.block)
      return
    }
    const member = this.#members.by(session)
    if (member !== undefined && reason !== 'not-found') member.conduct.refusing = true
    this.#delivery?.swarm.refused(session.peer, place.segment, place.block, reason)
    this.#delivery?.schedule()
  }

  suggested (peers: readonly PeerHint[]): void {
    for (const hint of peers) this.#shared.peerManager.suggest(this.swarm, hint)
  }

  // What the node decides

  /** The store has lost something. */
  recheck (): void {
    void this.#delivery?.recheck()
    void this.#keepCopies()
  }

  /** The disk has caught up. */
  resume (): void {
    this.#delivery?.schedule()
  }

  sent (session: Session, bytes: number): void {
    this.#stats.uploaded += bytes
    this.#exchanged(session, false)
  }

  #exchanged (session: Session, came: boolean): void {
    this.#members.by(session)?.conduct.exchanged(this.#shared.components.clock.now(), came)
  }

  setChoked (peer: PeerName, choked: boolean): void {
    const member = this.#members.get(peer)
    if (member === undefined || member.choking === choked) return
    member.choking = choked
    if (choked) member.session.choke(this.swarm)
    else member.session.unchoke(this.swarm)
  }

  /** A block for a peer. */
  async serve (segment: number, block: number): Promise<VerifiedBlock | undefined> {
    if (!this.#sharing) return undefined
    if (segment !== MANIFEST_SEGMENT) return await this.#delivery?.serve(segment, block)
    const manifest = this.#delivery?.manifest
    if (block === 0) return manifest?.root
    const page = manifest?.pageRefs[block - 1]
    return page === undefined ? undefined : await this.#shared.holdings.get(page)
  }

  get #swarmSize (): number {
    return Math.max(this.#members.size + 1, this.#shared.components.availability.swarmSize(this.swarm))
  }

  #open (): Delivery {
    if (this.#delivery === undefined || this.#closed) throw new UnavailableError(`the content ${this.link} is closed`)
    return this.#delivery
  }

  #deliver (manifest: OpenedManifest): void {
    if (this.#closed) return
    const origin = this.#opening.origin(manifest)
    this.#shared.alarm.set(this.#giveUp, undefined)
    this.#members.bound(manifest)
    this.#origin = origin !== undefined
    this.reconsider()
    const delivery = this.#delivery = new Delivery(manifest, {
      swarm: this.swarm,
      link: this.link,
      mode: this.#mode,
      origin,
      members: this.#members,
      shared: this.#shared,
      stats: this.#stats,
      emit: this.#opening.emit,
      swarmSize: () => this.#swarmSize,
      haveChanged: now => { this.#herald.changed(now) }
    })
    const envelope = this.#source.envelope
    for (const { peer, session, have } of this.#members) {
      if (!session.limited) delivery.swarm.peerJoined(peer, have)
      if (envelope !== undefined && this.#sharing && this.#herald.told(session)) session.head(this.swarm, envelope)
    }
    delivery.schedule()
    if (this.#opening.mode === 'auto') this.#opening.emit('mode', { content: this.link, ...this.#choice() })
    if (this.#shared.init.replication !== undefined) void this.#keepCopies()
  }

  /** Few nodes ever do: those with caching duty, and those whose store is full. */
  async #keepCopies (): Promise<void> {
    const { Replicator } = await import('./replicator.js')
    const delivery = this.#delivery
    if (delivery === undefined || this.#closed || this.#replicator !== undefined || !this.#sharing) return
    this.#replicator = new Replicator({
      delivery,
      members: this.#members,
      shared: this.#shared,
      target: delivery.manifest.policy.replication ?? this.#shared.init.replication ?? SURPLUS_COPIES,
      duty: () => this.duty,
      swarmSize: () => this.#swarmSize,
      seed: peer => electionSeed(this.swarm, peer),
      rank: electionRank,
      onerror: error => { this.#opening.emit('error', { error, doing: 'looking after copies' }) }
    })
  }

  /** What mode `auto` goes by has changed. Before the manifest is there nothing is decided for good, and nothing said. */
  reconsider (): void {
    const [{ mode, reason }, shared] = [this.#choice(), this.#sharing]
    if (this.#closed || mode === this.#mode) return
    this.#mode = mode
    if (this.#delivery !== undefined) this.#opening.emit('mode', { content: this.link, mode, reason })
    this.#delivery?.setMode(mode)
    if (shared && !this.#sharing) this.#herald.hush(this.#delivery?.inventory.have.snapshot())
    if (!shared && this.#sharing) this.#herald.speak()
  }

  #choice (): ReturnType<typeof chooseMode> {
    return chooseMode({ asked: this.#opening.mode, origin: this.#origin, sparing: this.#shared.sparing() })
  }

  #notFound (): void {
    const { peerManager, components } = this.#shared
    this.#source.fail(new NotFoundError(
      `no manifest of ${this.link} was found within ${OPEN_TIMEOUT_MS / 1000} s: ${components.routing.known} DHT nodes known, ` +
      `${peerManager.candidates(this.swarm)} peers named, ${this.#members.size} connected; ${peerManager.trouble(this.swarm) || 'no dial failed'}. ` +
      'Is the publisher or a node that holds it running, and is a bootstrap node given?'))
  }
}
