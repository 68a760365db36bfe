import { BoundedMap } from '@shoal/base'
import { blockLength, blockOffset, blockRange, verifyBlock, type OpenedManifest } from '@shoal/content'
import {
  BlockMismatchError, RetiredError, UnavailableError, type Mode, type Origin, type ReadOptions, type SaveOptions, type Segment,
  type SwarmId, type VerifiedBlock
} from '@shoal/interface'
import { createSwarm, type OriginLink, type PeerLink, type Swarm } from '@shoal/swarm'
import { Actions } from './actions.js'
import type { Completion } from './completion.js'
import { STARVE_BULK_MS, STARVE_CHECK_MS } from './defaults.js'
import { Inventory } from './inventory.js'
import { boundsOf, type Members } from './members.js'
import { OriginFlow } from './origin-flow.js'
import { Reader } from './reader.js'
import { Readers } from './readers.js'
import type { Shared } from './shared.js'
import { shelfLife } from './shelf-life.js'
import type { SwarmStats, Source } from './stats.js'
import type { ContentSink, Emit } from './types.js'
import type { Withheld } from './withheld.js'

/** What a delivery needs of the driver that made it. */
export interface DeliveryHost {
  readonly swarm: SwarmId
  readonly link: string
  readonly mode: Exclude<Mode, 'auto'>
  readonly origin: Origin | undefined
  readonly members: Members
  readonly shared: Shared
  readonly stats: SwarmStats
  readonly emit: Emit
  /** What the publisher has purged. */
  readonly withheld: Withheld
  readonly swarmSize: () => number
  /** The have-map changed; `now`: worth telling at once. */
  readonly haveChanged: (now?: boolean) => void
}

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
      expecting: () => host.shared.peerManager.expecting(host.swarm)
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
    const { first, end } = blockRange(segment, start, start + bytes.byteLength)
    let taken = 0
    for (let block = first; block < end; block++) {
      const at = blockOffset(segment, block) - start
      const length = blockLength(segment, block)
      const known = this.manifest.peek(segment.index) === undefined || this.inventory.have.has(segment.index, block)
      if (known || this.#closed || at < 0 || at + length > bytes.byteLength) continue
      try {
        const verified = await verifyBlock(this.manifest.block(segment.index, block), bytes.slice(at, at + length))
        if (this.inventory.have.has(segment.index, block)) continue
        this.arrived(segment.index, block, verified, { kind: 'origin' })
        taken += length
      } catch (error) {
        if (!(error instanceof BlockMismatchError)) throw error
        this.#differs(segment.index)
        break
      }
    }
    return taken
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

  /** A segment has left a live content's window: whoever reads it waits in vain. */
  retire (segment: number, path: string): void {
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
      // readers have had it, and whoever needs it on disk is told; asking for it again would fail again
      this.inventory.forget(segment, block)
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

  /** Gone from the store: wanted again, unless a reader that waits for it has it in hand. */
  #lost (segment: number, block: number): void {
    for (const reader of this.#readers.of(segment)) if (reader.has(block)) return
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
    const { clock } = this.#host.shared.components
    const starving = this.swarm.starving()
    let asked = false
    for (const { session } of this.#host.members) asked ||= session.stats.outstanding > 0
    for (const [index, readers] of this.#readers.segments()) {
      const since = starving?.segment === index ? starving.since : undefined
      for (const reader of readers) reader.starve(since, asked ? undefined : this.#failures.get(index))
    }
    // an origin that fails whenever it is asked again starves us no less than one that rests
    const [barren, failure] = asked ? [] : [...this.#failures.entries()].at(-1) ?? []
    const { since, segment } = starving ?? { since: this.#arrivedAt, segment: barren }
    if (this.#completion !== undefined && segment !== undefined && clock.now() - Math.max(since, this.#arrivedAt) > STARVE_BULK_MS) {
      const path = this.manifest.peek(segment)?.path ?? ''
      this.#completion.fail(new UnavailableError(
        `no source gave a block of ${JSON.stringify(path)} for ${STARVE_BULK_MS / 1000} s: ` +
        `${this.#host.members.size} peers are connected, none has it; ${failure?.message ?? 'no origin answers'}`, { cause: failure }))
    }
    if (!this.active) return
    this.#host.shared.alarm.soonest(this.#check, clock.now() + STARVE_CHECK_MS)
  }
}

function originLink (origin: Origin): OriginLink {
  return { rate: origin.stats.rate, ttfb: origin.stats.ttfb, downUntil: origin.downUntil }
}
