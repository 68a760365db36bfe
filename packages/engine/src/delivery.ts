import { BoundedMap } from '@shoal/base'
import { blockRange, verifyBlock, type OpenedManifest } from '@shoal/content'
import {
  RetiredError, UnavailableError, type ReadOptions, type SaveOptions, type Segment, type ServeHandler, type Session, type VerifiedBlock
} from '@shoal/interface'
import { createSwarm, type PeerLink, type Swarm } from '@shoal/swarm'
import { Actions } from './actions.js'
import { Ahead } from './ahead.js'
import type { Completion } from './completion.js'
import { STARVE_CHECK_MS } from './defaults.js'
import type { DeliveryHost } from './delivery-host.js'
import { Inventory } from './inventory.js'
import { boundsOf } from './members.js'
import { OriginFlow, originLink } from './origin-flow.js'
import { Reader } from './reader.js'
import { Readers } from './readers.js'
import { shelfLife } from './shelf-life.js'
import { starve } from './starve.js'
import type { Source } from './stats.js'
import { Subscribers } from './subscribers.js'
import { takeIn } from './take-in.js'
import type { ContentSink } from './types.js'

/**
 * Gets the bytes of one content whose manifest is known. It owns the have-map and the swarm's state machine, and does what that decides.
 *
 * A block's way: session or origin → `arrived` → have-map, readers and picker at once; store or sink in the background (`Holdings` keeps it
 * readable meanwhile) → neighbours hear of it with the next delta.
 */
export class Delivery {
  readonly manifest: OpenedManifest
  readonly inventory: Inventory
  readonly swarm: Swarm
  readonly #host: DeliveryHost
  readonly #flow: OriginFlow | undefined
  readonly #actions: Actions
  readonly #readers = new Readers()
  readonly #subscribers: Subscribers
  readonly #ahead: Ahead
  readonly #mismatched = new Set<number>()
  /** Last failure of the origin by segment, since anything of it came. */
  readonly #failures = new BoundedMap<number, Error>(1_000)
  readonly #reasons = new BoundedMap<number, string>(1_000)
  readonly #wake = (): void => { this.decide() }
  readonly #check = (): void => { this.#checkStarving() }
  #completion: Completion | undefined
  #completing = false
  #deciding = false
  #closed = false
  /** When a block came last, or a job began. */
  #arrivedAt = 0
  #writing = true
  /** The store has lost something; what it is will be looked up. */
  #rechecking = false

  constructor (manifest: OpenedManifest, host: DeliveryHost) {
    const { components, init } = host.shared
    const { origin } = host
    this.manifest = manifest
    this.#host = host
    const have = components.createHaveMap(boundsOf(manifest))
    this.inventory = new Inventory(manifest, have, host.shared.holdings, host.withheld, {
      found: (segment, block) => { this.swarm.delivered(segment, block, 'store') },
      lost: (segment, block) => { this.#lost(segment, block) },
      changed: host.haveChanged
    })
    this.swarm = createSwarm({ self: init.self, mode: host.mode, swarm: host.swarm }, {
      clock: components.clock,
      random: components.random,
      have,
      size: (segment, block) => this.inventory.size(segment, block),
      blocks: segment => this.inventory.blocks(segment),
      link: peer => this.#link(peer),
      origin: () => origin === undefined ? undefined : originLink(origin),
      swarmSize: host.swarmSize,
      nearness: peer => host.shared.peerManager.nearness(host.swarm, peer),
      known: () => host.shared.peerManager.known(host.swarm),
      expecting: () => host.shared.peerManager.expecting(host.swarm),
      pushes: segment => this.#subscribers.pushes(segment)
    })
    this.#subscribers = new Subscribers({
      ...host, manifest, have, awaits: (segment, block, peer) => this.swarm.awaits(segment, block, peer)
    })
    this.#ahead = new Ahead({
      now: () => components.clock.now(),
      pushes: segment => this.#subscribers.pushes(segment),
      complete: segment => have.complete(segment),
      want: (segment, first, end, deadline) => this.#want(segment, first, end, deadline),
      redate: (id, deadline) => {
        this.swarm.redate(id, deadline)
        this.schedule()
      },
      unwant: id => { this.swarm.unwant(id) }
    })
    this.#flow = origin === undefined
      ? undefined
      : new OriginFlow(origin, {
        manifest,
        verify: components.verify ?? verifyBlock,
        arrived: (segment, block, verified) => { this.arrived(segment, block, verified, { kind: 'origin' }) },
        wasted: bytes => { host.stats.wasted += bytes },
        done: (segment, first, end, error, cause, told) => {
          if (cause !== undefined && !told) host.emit('error', { error: cause, doing: `fetching ${this.#path(segment)} from the origin` })
          this.#originDone(segment, first, end, error, cause)
        }
      })
    this.#actions = new Actions({
      swarmId: host.swarm,
      link: host.link,
      members: host.members,
      manifest,
      swarm: this.swarm,
      flow: this.#flow,
      emit: host.emit,
      because: (segment, reason) => { this.#reasons.set(segment, reason) }
    })
  }

  /** Somebody reads or completes it. */
  get active (): boolean {
    return this.#readers.any || this.#completing
  }

  /** A reader waits for what it needs now. */
  get pressed (): boolean {
    return this.#readers.pressed
  }

  /** Seconds for which a block that comes now is worth keeping, as its publisher asks. */
  get shelfLife (): number | undefined {
    const { init: { ttl = Infinity }, components: { clock } } = this.#host.shared
    return shelfLife(this.manifest, clock.wall(), ttl)
  }

  async * read (segment: Segment, options: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#closed) throw new UnavailableError('the content is closed')
    const purged = this.#host.withheld.fault(segment)
    if (purged !== undefined) throw purged
    const range = blockRange(segment, options.start, options.end)
    if (range.first === range.end) return
    const reader = new Reader({
      now: () => this.#host.shared.components.clock.now(),
      want: (index, first, end, deadline) => this.#want(index, first, end, deadline),
      unwant: id => { this.swarm.unwant(id); this.schedule() },
      held: (index, block) => this.inventory.have.has(index, block),
      load: (index, block) => this.inventory.load(index, block),
      finished: done => { this.#readers.finished(segment.index, done) }
    }, segment, range, options)
    this.#readers.add(segment.index, reader)
    this.#ahead.read(segment, reader.deadline)
    this.#host.shared.alarm.soonest(this.#check, this.#host.shared.components.clock.now() + STARVE_CHECK_MS)
    try {
      yield * reader.read()
    } finally {
      this.#readers.ended(segment.index)
    }
    const source = reader.tally.largest
    this.#host.emit('segment', {
      content: this.#host.link,
      path: segment.path,
      bytes: reader.bytes,
      source,
      sources: reader.tally.sources,
      ms: reader.ms,
      reason: source === 'store' ? 'held' : source === 'peer' ? 'peers' : this.#reasons.get(segment.index) ?? 'no-peer'
    })
  }

  /** Whole blocks of what the caller has from elsewhere, from byte `start` of the segment on. Resolves with the bytes that were new. */
  async offer (segment: Segment, start: number, bytes: Uint8Array): Promise<number> {
    return await takeIn({
      manifest: this.manifest,
      have: this.inventory.have,
      closed: () => this.#closed,
      arrived: (block, verified) => { this.arrived(segment.index, block, verified, { kind: 'origin' }) },
      differs: () => { this.#differs(segment.index) }
    }, segment, start, bytes)
  }

  /** What it takes is loaded when it is first asked for: pages that play never do. */
  async complete (sink: ContentSink | undefined, { signal, onprogress }: SaveOptions): Promise<void> {
    if (this.#completing) throw new UnavailableError('this content is being saved already: wait for that to end')
    this.#completing = true
    const { alarm, components: { clock, store } } = this.#host.shared
    try {
      const { Completion } = await import('./completion.js')
      if (this.#closed) throw new UnavailableError('the content was closed')
      const { incomplete } = this.#host.withheld
      if (incomplete !== undefined) throw incomplete
      this.#completion = new Completion(sink, this.manifest.summary.bytes, onprogress)
      this.#arrivedAt = clock.now()
      alarm.soonest(this.#check, this.#arrivedAt + STARVE_CHECK_MS)
      await this.#completion.run(this, store, this.#host.stats, signal)
    } finally {
      this.#completing = false
      this.#completion = undefined
      this.schedule()
    }
  }

  /** A block for a peer; what the store lost is dropped from our have-map, and the neighbours hear of it. */
  async serve (segment: number, block: number): Promise<VerifiedBlock | 'retired' | undefined> {
    const verified = this.inventory.have.has(segment, block) ? await this.inventory.load(segment, block) : undefined
    // purged meanwhile, or its page was not there to tell
    return this.withholds(segment) ? 'retired' : verified
  }

  /** A peer subscribes to a block: what becomes of that. */
  expects ({ peer }: Session, segment: number, block: number): ReturnType<ServeHandler['expects']> {
    return this.withholds(segment) ? 'retired' : this.#subscribers.expects(segment, block, peer)
  }

  /** Its publisher has purged this segment. */
  withholds (segment: number): boolean {
    return this.#host.withheld.has(segment)
  }

  /** Something was purged: whoever waits for it waits in vain. */
  purged (): void {
    const { withheld } = this.#host
    if (withheld.incomplete !== undefined) this.#completion?.fail(withheld.incomplete)
    for (const reader of this.#readers) {
      const error = withheld.fault(reader.segment)
      if (error !== undefined) reader.fail(error)
    }
  }

  /** A live content's window has another segment. */
  added (segment: Segment): void {
    if (!this.withholds(segment.index)) this.#ahead.added(segment)
  }

  /** A segment has left a live content's window: whoever reads it waits in vain. */
  retire (segment: number, path: string): void {
    this.#ahead.retire(segment)
    const error = new RetiredError(`${JSON.stringify(path)} is no longer in the window of this live content`)
    for (const reader of this.#readers.of(segment)) reader.fail(error)
    this.inventory.retire(segment)
    this.swarm.retired(segment)
    this.#mismatched.delete(segment)
  }

  setMode (mode: DeliveryHost['mode']): void {
    this.swarm.setMode(mode)
    this.schedule()
  }

  async scan (): Promise<void> {
    for await (const segment of this.manifest.segments()) {
      if (this.#closed) return
      for (let block = 0; block < segment.blocks; block++) this.inventory.lookUp(segment, block)
    }
  }

  close (): void {
    this.#closed = true
    const { alarm } = this.#host.shared
    alarm.set(this.#wake, undefined)
    alarm.set(this.#check, undefined)
    this.#flow?.close()
    const error = new UnavailableError('the content was closed')
    for (const reader of this.#readers) reader.fail(error)
    this.#completion?.fail(error)
  }

  // --- decisions ---

  #link (peer: string): PeerLink {
    const stats = this.#host.members.get(peer)?.session.stats
    return stats ?? { window: 0, outstanding: 0, rate: 0, rtt: undefined }
  }

  schedule (): void {
    if (this.#deciding || this.#closed) return
    this.#deciding = true
    // one decision for all that happened in this turn
    queueMicrotask(() => {
      this.#deciding = false
      this.decide()
    })
  }

  /** Decides at `at` at the latest, ms on the clock. */
  decideBy (at: number): void {
    const { alarm, components: { clock } } = this.#host.shared
    if (at <= clock.now()) this.schedule()
    else if (!this.#deciding && !this.#closed) alarm.soonest(this.#wake, at)
  }

  decide (): void {
    // with too much waiting for the disk nothing more is asked for; `Holdings` calls again
    if (this.#closed || this.#host.shared.holdings.full) return
    const decision = this.swarm.decide()
    for (const action of decision.actions) this.#actions.carryOut(action)
    this.#host.shared.alarm.set(this.#wake, decision.wakeAt)
  }

  #want (segment: number, first: number, end: number, deadline: number | undefined): number {
    const known = this.manifest.peek(segment)
    if (known !== undefined) for (let block = first; block < end; block++) this.inventory.lookUp(known, block)
    const id = this.swarm.want({ segment, first, end, deadline })
    this.schedule()
    return id
  }

  // --- blocks ---

  arrived (segment: number, block: number, verified: VerifiedBlock, source: Source): void {
    if (this.#closed) return
    const bytes = verified.bytes.byteLength
    if (!this.inventory.add(segment, block)) {
      // came twice: the picker need not cancel it any more
      this.swarm.delivered(segment, block, source.kind === 'peer' ? source.peer : source.kind)
      this.#host.stats.wasted += bytes
      return
    }
    this.#failures.delete(segment)
    this.#arrivedAt = this.#host.shared.components.clock.now()
    this.#host.stats.add(source, bytes)
    // what nobody else may have is worth telling at once
    if (source.kind === 'origin') this.#host.haveChanged(true)
    this.swarm.delivered(segment, block, source.kind === 'peer' ? source.peer : source.kind)
    for (const reader of this.#readers.of(segment)) reader.offer(block, verified, source)
    void this.#persist(segment, block, verified)
    this.#subscribers.arrived(segment, block)
    this.schedule()
  }

  async #persist (segment: number, block: number, verified: VerifiedBlock): Promise<void> {
    const completion = this.#completion
    const sink = completion?.sink
    try {
      await this.#host.shared.holdings.put(verified, sink === undefined
        ? { ttl: this.shelfLife }
        : { write: async bytes => { await sink.write(segment, block, bytes) } })
      completion?.arrived(segment, block, verified.bytes.byteLength)
      this.#writing = true
    } catch (error) {
      // whoever needs it on disk is told; asking for it again would fail again, and is for readers alone that came while it was written
      if (this.inventory.forget(segment, block) && this.#readers.lack(segment, block)) this.#lost(segment, block)
      completion?.fail(error as Error)
      if (!this.#writing) return
      this.#writing = false
      this.#host.emit('error', { error: error as Error, doing: `writing a block of ${this.manifest.peek(segment)?.path ?? 'a segment'}` })
    }
  }

  /** The store evicted or lost something: at most once at a time, everything held is compared with it. */
  async recheck (): Promise<void> {
    if (this.#rechecking || this.#closed) return
    this.#rechecking = true
    await this.inventory.recheck().catch((error: unknown) => {
      if (!this.#closed) this.#host.emit('error', { error: error as Error, doing: 'comparing with the store' })
    })
    this.#rechecking = false
  }

  /** Gone from the store: wanted again, unless the readers that wait for it have it in hand. */
  #lost (segment: number, block: number): void {
    if (this.#readers.have(segment, block) && !this.#readers.lack(segment, block)) return
    this.swarm.dropped(segment, block)
    this.schedule()
  }

  #originDone (segment: number, first: number, end: number, error: 'failed' | 'mismatch' | undefined, cause: Error | undefined): void {
    if (this.#closed) return
    this.swarm.originDone(segment, first, end, error)
    if (cause !== undefined) this.#failures.set(segment, cause)
    if (error === 'mismatch') this.#differs(segment)
    this.schedule()
  }

  /** The origin has other bytes than the manifest. */
  #differs (segment: number): void {
    if (this.#mismatched.has(segment)) return
    this.#mismatched.add(segment)
    this.#host.emit('fallback', { content: this.#host.link, path: this.#path(segment), from: 'origin', to: 'peer', reason: 'mismatch' })
  }

  #path (segment: number): string {
    return this.manifest.peek(segment)?.path ?? ''
  }

  #checkStarving (): void {
    const { members, shared: { alarm, components: { clock } } } = this.#host
    starve({
      now: clock.now(),
      starving: this.swarm.starving(),
      members,
      readers: this.#readers,
      failures: this.#failures,
      arrivedAt: this.#arrivedAt,
      completion: this.#completion,
      path: segment => this.#path(segment)
    })
    if (this.active) alarm.soonest(this.#check, clock.now() + STARVE_CHECK_MS)
  }
}
