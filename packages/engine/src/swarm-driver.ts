import { raceSignal } from '@shoal/base'
import { MANIFEST_SEGMENT, type OpenedManifest } from '@shoal/content'
import {
  UnavailableError, type ContentStats, type Duty, type Origin, type OriginTimes, type PeerHint, type PeerName,
  type ReadOptions, type SaveOptions, type Segment, type ServeHandler, type Session, type SwarmId
} from '@shoal/interface'
import { Access } from './access.js'
import { Copies } from './copies.js'
import { Delivery } from './delivery.js'
import { dutyOf } from './duty.js'
import { Herald } from './herald.js'
import type { LivePart } from './live-part.js'
import { ManifestBlocks } from './manifest-blocks.js'
import { ManifestSource } from './manifest-source.js'
import { Members, type Member } from './members.js'
import { chooseMode, type Choice } from './mode.js'
import { Neighbourhood } from './neighbourhood.js'
import { Neighbours } from './neighbours.js'
import { Purging } from './purging.js'
import { Search } from './search.js'
import type { Shared } from './shared.js'
import type { Source } from './source.js'
import { SwarmStats } from './stats.js'
import type { ContentSink, OpenSwarm, SwarmOpening } from './types.js'

/**
 * One content's place in its swarm: where the manifest comes from, what the others hear of us (`Herald`) and we of them (`Neighbours`).
 * `Delivery` gets the bytes as soon as the manifest is known.
 */
export class SwarmDriver implements OpenSwarm {
  readonly swarm: SwarmId
  readonly link: string
  /** Who may be in it. */
  readonly access: Access
  readonly neighbours: Neighbours
  readonly purging: Purging
  readonly #opening: SwarmOpening
  readonly #shared: Shared
  readonly #members: Members
  readonly #source: Source
  /** The manifest, as soon as its content is at work. */
  readonly #ready: Promise<OpenedManifest>
  readonly #live: LivePart | undefined
  readonly #stats = new SwarmStats()
  readonly #herald: Herald
  readonly #copies: Copies
  readonly #search: Search
  #delivery: Delivery | undefined
  #choice: Choice
  /** `undefined` before the manifest is there. */
  #origin: Origin | 'none' | undefined
  #closed = false

  constructor (opening: SwarmOpening, shared: Shared) {
    this.swarm = opening.swarm
    this.link = opening.link
    this.#opening = opening
    this.#shared = shared
    this.#choice = this.#choose()
    const { alarm, holdings, peerManager, components: { clock, createHaveMap } } = shared
    const { swarm, of } = opening
    this.access = new Access({
      ...opening, shared, expelled: session => { this.neighbours.turnedAway(session) }, renewed: token => { this.#herald.renew(token) }
    })
    const members = this.#members = new Members(createHaveMap, 'root' in of ? undefined : { live: true })
    const blocks = new ManifestBlocks({ swarm, clock, alarm, holdings, members })
    const told = (session: Session): boolean => this.sharing && this.#herald.told(session)
    this.purging = new Purging({ opening, shared, members, told, sharing: () => this.sharing, release: () => { this.#source.release() } })
    if ('root' in of) {
      this.#source = new ManifestSource({ swarm, root: of.root, blocks, holdings })
    } else {
      this.#live = of.live({
        ...shared.components,
        swarm,
        self: shared.init.self,
        members,
        blocks,
        sharing: () => this.sharing,
        joined: session => this.#herald.told(session) && this.access.shows(session),
        updated: update => { opening.emit('manifest:update', { content: this.link, ...update }) },
        failed: error => { opening.emit('error', { error, doing: `following ${this.link}` }) }
      })
      this.#source = this.#live.source
    }
    this.#copies = new Copies({ swarm, members, shared, emit: opening.emit, duty: () => this.duty, swarmSize: () => this.#swarmSize })
    this.#herald = new Herald({
      opening,
      shared,
      access: this.access,
      members: this.#members,
      inventory: () => this.sharing ? this.#delivery?.inventory : undefined,
      head: () => this.sharing ? this.#source.head : undefined,
      follow: () => {
        this.#live?.follow()
        this.purging.follow()
      },
      joined: session => { this.purging.tell(session) },
      share: () => Math.min(1, this.held / Math.max(1, this.#delivery?.manifest.summary.bytes ?? 0)),
      gives: () => this.gives,
      duty: () => this.duty,
      swarmSize: () => this.#swarmSize
    })
    this.neighbours = new Neighbours({
      swarm,
      shared,
      access: this.access,
      members,
      blocks,
      source: this.#source,
      herald: this.#herald,
      purging: this.purging,
      stats: this.#stats,
      delivery: () => this.#delivery,
      barren: () => this.#barren,
      unauthorised: () => { this.#search.refused() }
    })
    this.#ready = this.#begin()
    this.#ready.catch(() => {})
    if (opening.head !== undefined) {
      this.#source.offer(opening.head).catch((error: unknown) => { this.#source.fail(error as Error) })
    }
    const helpful = ({ session, have }: Member): boolean => have.completeSegments > 0 && !this.#herald.turnedAway(session)
    this.#search = new Search({ ...opening, shared, access: this.access, members, helpful, fail: error => { this.#source.fail(error) } })
    peerManager.seek(opening.swarm, opening.hints, new Neighbourhood({
      members,
      ours: () => this.#delivery?.manifest.summary.live === undefined ? this.#delivery?.inventory.have : undefined,
      segments: () => this.#delivery?.manifest.summary.segments ?? 0,
      active: () => this.active,
      greet: session => { this.#herald.greet(session) },
      part: session => { this.neighbours.part(session) }
    }))
    if (this.sharing) this.#herald.speak()
  }

  /** Nothing is shared in mode `origin`: nothing announced, told or served. */
  get sharing (): boolean {
    return this.#choice.mode !== 'origin'
  }

  /** Blocks of it may go to peers. */
  get gives (): boolean { return this.#choice.sharing === 'full' }

  get stats (): ContentStats {
    return this.#stats.report([...this.#members].map(({ session }) => session), this.#members.size, this.#swarmSize)
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
    return dutyOf(profile(), { replication: this.sharing ? replication : 0, swarmSize: this.#swarmSize })
  }

  get copies (): number | undefined { return this.#copies.known }

  get members (): ReadonlySet<PeerName> { return this.#members.peers }

  async manifest (signal?: AbortSignal): Promise<OpenedManifest> {
    return await raceSignal(this.#ready, signal)
  }

  read (segment: Segment, options: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#open().read(segment, options)
  }

  async offer (segment: Segment, start: number, bytes: Uint8Array): Promise<number> {
    return await this.#open().offer(segment, start, bytes)
  }

  saw (bytes: number, took: OriginTimes): void {
    if (this.#origin !== undefined && this.#origin !== 'none') this.#origin.saw(bytes, took)
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
    this.#search.end()
    this.#shared.peerManager.forget(this.swarm)
    this.#source.close()
    this.access.close()
    this.#copies.close()
    this.#delivery?.close()
    this.#herald.close()
    this.#shared.closed(this.swarm)
  }

  suggested (peers: readonly PeerHint[]): void {
    for (const hint of peers) this.#shared.peerManager.suggest(this.swarm, hint)
  }

  /** Its swarm is divided anew. */
  moved (): void {
    this.#herald.moved()
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

  /** The node gives again, or nothing any more. */
  turned (): void {
    // who has to wait for another reason hears so with the next request
    const choked = this.#barren
    for (const { peer, session } of this.#members) this.#members.choke(peer, choked && !this.access.urgent(session), this.swarm)
  }

  setChoked (peer: PeerName, choked: boolean): void {
    if (choked || this.gives) this.#members.choke(peer, choked, this.swarm)
  }

  /** A block for a peer. */
  async serve (session: Session, segment: number, block: number): ReturnType<ServeHandler['read']> {
    if (!this.sharing) return undefined
    const path = segment === MANIFEST_SEGMENT ? undefined : async () => (await this.#open().manifest.segment(segment)).path
    if (!await this.access.covers(session, path)) return 'unauthorised'
    if (segment === MANIFEST_SEGMENT) return await this.#source.serve(block)
    if (this.#live?.retired(segment) === true || this.#delivery?.withholds(segment) === true) return 'retired'
    const found = await this.#delivery?.serve(segment, block)
    if (typeof found === 'object') this.#shared.spread.gave(session.peer, this.swarm, segment, block, !this.#members.hold(segment, block, session.peer))
    return found
  }

  /** Whoever asks here for a block asks in vain. */
  get #barren (): boolean {
    return !this.gives || !this.#shared.gives()
  }

  /** A peer subscribes to a block. */
  expects (session: Session, segment: number, block: number): ReturnType<ServeHandler['expects']> {
    if (!this.sharing || this.#delivery === undefined) return 'not-found'
    if (this.#live?.retired(segment) === true) return 'retired'
    return this.#delivery.expects(session, segment, block)
  }

  get #swarmSize (): number {
    return Math.max(this.#members.size + 1, this.#shared.components.availability.swarmSize(this.swarm))
  }

  #open (): Delivery {
    if (this.#delivery === undefined || this.#closed) throw new UnavailableError(`the content ${this.link} is closed`)
    return this.#delivery
  }

  async #begin (): Promise<OpenedManifest> {
    const manifest = await this.#source.manifest
    await this.access.settle(manifest.policy)
    this.#deliver(manifest)
    return manifest
  }

  #deliver (manifest: OpenedManifest): void {
    if (this.#closed) return
    const origin = this.#opening.origin(manifest)
    this.#search.end()
    this.#members.bound(manifest)
    this.#origin = origin ?? 'none'
    this.reconsider()
    const delivery = this.#delivery = new Delivery(manifest, {
      swarm: this.swarm,
      link: this.link,
      mode: this.#choice.mode,
      overlay: this.#opening.overlay ?? 'auto',
      origin,
      members: this.#members,
      shared: this.#shared,
      stats: this.#stats,
      emit: this.#opening.emit,
      withheld: this.purging.begin(manifest),
      swarmSize: () => this.#swarmSize,
      haveChanged: now => { this.#herald.changed(now) }
    })
    for (const { peer, session, have, ready, conduct } of this.#members) {
      if (ready) delivery.swarm.peerJoined(peer, have, session.pushes)
      if (ready && conduct.refusing) delivery.swarm.peerChoked(peer, true)
      if (this.#herald.show(session)) void this.#herald.sendPeers(session)
      else if (this.sharing && this.#herald.told(session)) this.#source.tell(session)
    }
    this.#live?.begin(delivery)
    this.purging.deliver(delivery)
    delivery.schedule()
    if (this.sharing) this.#herald.begun()
    if (this.#opening.mode === 'auto' || this.#choice.reason !== 'asked for') this.#opening.emit('mode', { content: this.link, ...this.#choice })
    if (this.#shared.init.replication !== undefined) void this.#keepCopies()
  }

  async #keepCopies (): Promise<void> {
    if (this.sharing) await this.#copies.keep(this.#delivery)
  }

  /** What mode `auto` goes by has changed. Before the manifest is there nothing is decided for good, and nothing said. */
  reconsider (): void {
    const [choice, before, shared, gave] = [this.#choose(), this.#choice, this.sharing, this.gives]
    if (this.#closed || (choice.mode === before.mode && choice.sharing === before.sharing)) return
    this.#choice = choice
    if (this.#delivery !== undefined) this.#opening.emit('mode', { content: this.link, ...choice })
    if (choice.mode !== before.mode) this.#delivery?.setMode(choice.mode)
    if (shared && !this.sharing) this.#herald.hush(this.#delivery?.inventory.have.snapshot())
    if (!shared && this.sharing) this.#herald.speak()
    if (gave !== this.gives) this.turned()
  }

  #choose (): Choice {
    return chooseMode({ asked: this.#opening.mode, origin: this.#origin === undefined ? undefined : this.#origin !== 'none', ...this.#shared.sharing() })
  }
}
