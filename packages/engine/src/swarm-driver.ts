import { raceSignal } from '@shoal/base'
import { MANIFEST_SEGMENT, type OpenedManifest } from '@shoal/content'
import {
  UnavailableError, type ContentStats, type Duty, type Mode, type PeerHint, type PeerName, type ReadOptions, type SaveOptions,
  type Segment, type Session, type SwarmId, type VerifiedBlock
} from '@shoal/interface'
import { Copies } from './copies.js'
import { OPEN_TIMEOUT_MS } from './defaults.js'
import { Delivery } from './delivery.js'
import { dutyOf } from './duty.js'
import { Herald } from './herald.js'
import type { Circle } from './interest.js'
import type { LivePart } from './live-part.js'
import { ManifestBlocks } from './manifest-blocks.js'
import { ManifestSource } from './manifest-source.js'
import { Members } from './members.js'
import { chooseMode } from './mode.js'
import { Neighbours } from './neighbours.js'
import { nobodyGave } from './not-found.js'
import { Purging } from './purging.js'
import type { Shared } from './shared.js'
import type { Source } from './source.js'
import { SwarmStats } from './stats.js'
import type { ContentSink, OpenSwarm, SwarmOpening } from './types.js'

/**
 * One content's place in its swarm: where the manifest comes from, what the others hear of us (`Herald`) and we of them (`Neighbours`).
 * `Delivery` gets the bytes as soon as the manifest is known.
 */
export class SwarmDriver implements OpenSwarm, Circle {
  readonly swarm: SwarmId
  readonly link: string
  readonly neighbours: Neighbours
  readonly purging: Purging
  readonly #opening: SwarmOpening
  readonly #shared: Shared
  readonly #members: Members
  readonly #source: Source
  readonly #live: LivePart | undefined
  readonly #stats = new SwarmStats()
  readonly #herald: Herald
  readonly #copies: Copies
  readonly #giveUp = (): void => { this.#notFound() }
  #delivery: Delivery | undefined
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
    const { swarm, of } = opening
    const members = this.#members = new Members(createHaveMap, 'root' in of ? undefined : { live: true })
    const blocks = new ManifestBlocks({ swarm, clock, alarm, holdings, members })
    const told = (session: Session): boolean => this.#sharing && this.#herald.told(session)
    this.purging = new Purging({ opening, shared, members, told, sharing: () => this.#sharing, release: () => { this.#source.release() } })
    if ('root' in of) {
      this.#source = new ManifestSource({ swarm, root: of.root, blocks, holdings })
    } else {
      this.#live = of.live({
        ...shared.components,
        swarm,
        self: shared.init.self,
        members,
        blocks,
        sharing: () => this.#sharing,
        joined: session => this.#herald.told(session),
        updated: update => { opening.emit('manifest:update', { content: this.link, ...update }) },
        failed: error => { opening.emit('error', { error, doing: `following ${this.link}` }) }
      })
      this.#source = this.#live.source
    }
    const onerror = (error: Error): void => { opening.emit('error', { error, doing: 'looking after copies' }) }
    this.#copies = new Copies({ swarm, members, shared, duty: () => this.duty, swarmSize: () => this.#swarmSize, onerror })
    this.#herald = new Herald({
      opening,
      shared,
      members: this.#members,
      inventory: () => this.#sharing ? this.#delivery?.inventory : undefined,
      head: () => this.#sharing ? this.#source.head : undefined,
      follow: () => {
        this.#live?.follow()
        this.purging.follow()
      },
      joined: session => { this.purging.tell(session) },
      share: () => Math.min(1, this.held / Math.max(1, this.#delivery?.manifest.summary.bytes ?? 0)),
      duty: () => this.duty,
      swarmSize: () => this.#swarmSize
    })
    this.neighbours = new Neighbours({
      swarm,
      shared,
      members,
      blocks,
      source: this.#source,
      herald: this.#herald,
      purging: this.purging,
      stats: this.#stats,
      delivery: () => this.#delivery
    })
    void this.#source.manifest.then(manifest => { this.#deliver(manifest) }, () => {})
    if (opening.head !== undefined) {
      this.#source.offer(opening.head).catch((error: unknown) => { this.#source.fail(error as Error) })
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

  get held (): number { return this.#delivery?.inventory.held ?? 0 }

  /** Somebody reads or completes it. */
  get active (): boolean { return this.#delivery?.active === true }

  /** A reader of it waits for what it needs now. */
  get pressed (): boolean { return this.#delivery?.pressed === true }

  /** How well it is provided for: 0 when nobody else is known to have it, towards 1 with the size of its swarm. */
  get popularity (): number { return 1 - 1 / this.#swarmSize }

  get duty (): Duty {
    const { init: { replication = 0 }, profile } = this.#shared
    return dutyOf(profile(), { replication: this.#sharing ? replication : 0, swarmSize: this.#swarmSize })
  }

  get copies (): number | undefined { return this.#copies.known }

  get members (): ReadonlySet<PeerName> { return this.#members.peers }

  get direct (): ReadonlySet<PeerName> { return this.#members.direct }

  get useful (): number {
    let useful = 0
    for (const { session, conduct } of this.#members) if (!session.limited && conduct.uselessSince === undefined) useful++
    return useful
  }

  review (now: number): PeerName[] {
    // of a live content everybody may have something next
    const ours = this.#live === undefined ? this.#delivery?.inventory.have : undefined
    const segments = this.#delivery?.manifest.summary.segments ?? 0
    const hopeless = []
    for (const { peer, session, have, conduct } of this.#members) {
      if (session.limited || conduct.judge(have, ours, segments, now) || !conduct.hopeless(now)) continue
      hopeless.push({ peer, since: conduct.uselessSince ?? now })
    }
    return hopeless.sort((a, b) => a.since - b.since).map(({ peer }) => peer)
  }

  part (peer: PeerName): void {
    for (const session of [...this.#members.get(peer)?.sessions ?? []]) this.neighbours.part(session)
  }

  async manifest (signal?: AbortSignal): Promise<OpenedManifest> {
    return await raceSignal(this.#source.manifest, signal)
  }

  read (segment: Segment, options: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#open().read(segment, options)
  }

  async complete (sink: ContentSink | undefined, options: SaveOptions): Promise<void> {
    await this.manifest(options.signal)
    await this.#open().complete(sink, options)
  }

  async update (head: Uint8Array): Promise<void> {
    await this.#source.offer(head)
  }

  async scan (): Promise<void> {
    await this.manifest()
    await this.#open().scan()
    await this.purging.again()
  }

  close (): void {
    if (this.#closed) return
    this.#closed = true
    const { alarm, peerManager } = this.#shared
    alarm.set(this.#giveUp, undefined)
    peerManager.forget(this.swarm)
    this.#source.close()
    this.#copies.close()
    this.#delivery?.close()
    this.#herald.close()
    this.#shared.closed(this.swarm)
  }

  greet (session: Session): void {
    this.#herald.greet(session)
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

  setChoked (peer: PeerName, choked: boolean): void {
    const member = this.#members.get(peer)
    if (member === undefined || member.choking === choked) return
    member.choking = choked
    if (choked) member.session.choke(this.swarm)
    else member.session.unchoke(this.swarm)
  }

  /** A block for a peer. */
  async serve (segment: number, block: number): Promise<VerifiedBlock | 'retired' | undefined> {
    if (!this.#sharing) return undefined
    if (segment === MANIFEST_SEGMENT) return await this.#source.serve(block)
    if (this.#live?.retired(segment) === true || this.#delivery?.withholds(segment) === true) return 'retired'
    return await this.#delivery?.serve(segment, block)
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
      withheld: this.purging.begin(manifest),
      swarmSize: () => this.#swarmSize,
      haveChanged: now => { this.#herald.changed(now) }
    })
    for (const { peer, session, have } of this.#members) {
      if (!session.limited) delivery.swarm.peerJoined(peer, have)
      if (this.#sharing && this.#herald.told(session)) this.#source.tell(session)
    }
    this.#live?.begin(delivery)
    this.purging.deliver(delivery)
    delivery.schedule()
    if (this.#opening.mode === 'auto') this.#opening.emit('mode', { content: this.link, ...this.#choice() })
    if (this.#shared.init.replication !== undefined) void this.#keepCopies()
  }

  async #keepCopies (): Promise<void> {
    if (this.#sharing) await this.#copies.keep(this.#delivery)
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
    this.#source.fail(nobodyGave(this.link, this.swarm, this.#shared, this.#members.size))
  }
}
