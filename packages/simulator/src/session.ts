import { LinkMeter } from '@shoal/exchange/meter'
import type {
  BlockRef, HaveDelta, PeerHint, PeerName, RefuseReason, Session, SessionEvent, SessionStats, SwarmId, Transport
} from '@shoal/interface'
import type { Ask } from './ask.js'
import type { Home, SessionEnd } from './network.js'
import { Serving } from './serving.js'
import { controlBytes } from './sizes.js'

/** The exchange's own limit for what a link may have under way. */
const MAX_WINDOW_BYTES = 3.5 * 1024 * 1024
const MAX_OUTSTANDING_BLOCKS = 1024
const MAX_BLOCK_BYTES = 262_144
/** When nothing comes of what was asked for: as the exchange's watchdog. */
const STALL_FIRST_MS = 2000
const STALL_MIN_MS = 1000
const STALL_FACTOR = 8
const STALL_REPEAT_MAX_MS = 30_000

type JoinInit = Parameters<Session['join']>[1]

let count = 0

/** One end of a session. What it says reaches the other end after the latency between the two hosts, in order. */
export class VirtualSession implements SessionEnd {
  readonly id = ++count
  readonly home: Home
  readonly peer: PeerName
  readonly transport: Transport
  readonly limited = false
  readonly pushes = true
  readonly direction: 'inbound' | 'outbound'
  /** ms to the other end. */
  readonly delay: number
  other!: VirtualSession
  closed = false
  wasted = 0
  sent = 0
  #received = 0
  #outstanding = 0
  /** Asked for, and not only subscribed to. */
  #live = 0
  readonly #asks = new Map<number, Ask>()
  #meter: LinkMeter | undefined
  #serving: Serving | undefined
  #joined: SwarmId | undefined
  /** The other end's JOIN is being judged: what comes after it waits. */
  #held: SessionEvent[] | undefined
  #watching = false
  #progressAt = 0
  #stallPause = 0
  /** Bytes of ours are on their way to the other end. */
  sending = false

  private constructor (home: Home, peer: PeerName, direction: 'inbound' | 'outbound', delay: number, transport: Transport) {
    this.home = home
    this.peer = peer
    this.direction = direction
    this.delay = delay
    this.transport = transport
  }

  /** @param delay ms, one way */
  static open (from: Home, to: Home, delay: number, transport: Transport): VirtualSession {
    const mine = new VirtualSession(from, to.host.name, 'outbound', delay, transport)
    const theirs = new VirtualSession(to, from.host.name, 'inbound', delay, transport)
    mine.other = theirs
    theirs.other = mine
    for (const session of [mine, theirs]) {
      session.home.sessions.add(session)
      queueMicrotask(() => { session.#emit({ type: 'open', session }) })
    }
    from.net.linked(mine)
    return mine
  }

  get remoteAddr (): string {
    return `/memory/${this.peer}`
  }

  get stats (): SessionStats {
    const meter = this.#meter
    return {
      rtt: 2 * this.delay,
      received: this.#received,
      sent: this.sent,
      wasted: this.wasted,
      outstanding: this.#outstanding,
      rate: meter?.rate ?? 0,
      window: meter?.window ?? 2 * MAX_BLOCK_BYTES
    }
  }

  join (swarm: SwarmId, { token, have, head }: JoinInit): void {
    if (this.#joined !== undefined) return
    this.#joined = swarm
    this.#tell(controlBytes.join(have, head), other => { void other.#judge(swarm, token, have, head) })
  }

  async #judge (swarm: SwarmId, token: string | undefined, have: HaveDelta, head: Uint8Array | undefined): Promise<void> {
    const held: SessionEvent[] = this.#held = []
    const refused = await this.home.serve?.admit(this, swarm, token)
    this.#held = undefined
    if (this.closed) return
    if (refused !== undefined) {
      this.#tell(controlBytes.small, other => { other.#refused(swarm, refused) })
      this.#emit({ type: 'turned-away', session: this, swarm })
      return
    }
    this.#emit({ type: 'join', session: this, swarm, have, token })
    if (head !== undefined) this.#emit({ type: 'head', session: this, swarm, head })
    for (const event of held) this.#emit(event)
  }

  leave (swarm: SwarmId): void {
    if (this.#joined === swarm) {
      this.#joined = undefined
      this.#say(controlBytes.small, other => ({ type: 'leave', session: other, swarm }))
    }
    this.#tell(controlBytes.small, other => { other.#refused(swarm, 'not-found') })
  }

  #refused (swarm: SwarmId, reason: RefuseReason): void {
    if (this.#joined !== swarm) return
    this.#joined = undefined
    this.#emit({ type: 'join-refused', session: this, swarm, reason })
  }

  renew (): void {}

  expel (swarm: SwarmId, reason: RefuseReason): void {
    this.#serving?.refuseAll(reason, true)
    this.#tell(controlBytes.small, other => { other.#refused(swarm, reason) })
  }

  revoked (): void {}

  have (swarm: SwarmId, delta: HaveDelta): void {
    this.#say(controlBytes.have(delta), other => ({ type: 'have', session: other, swarm, delta }))
  }

  fetching (swarm: SwarmId, segment: number): void {
    this.#say(controlBytes.small, other => ({ type: 'fetching', session: other, swarm, segment }))
  }

  head (swarm: SwarmId, head: Uint8Array): void {
    this.#say(head.byteLength, other => ({ type: 'head', session: other, swarm, head }))
  }

  purge (): void {}

  choke (swarm: SwarmId): void {
    this.#say(controlBytes.small, other => ({ type: 'choke', session: other, swarm }))
    this.#serving?.refuseAll('choked', false)
  }

  unchoke (swarm: SwarmId): void {
    this.#say(controlBytes.small, other => ({ type: 'unchoke', session: other, swarm }))
  }

  pex (swarm: SwarmId, peers: readonly PeerHint[]): void {
    this.#say(controlBytes.pex(peers), other => ({ type: 'pex', session: other, swarm, peers }))
  }

  request (swarm: SwarmId, segment: number, blocks: readonly number[], refs: readonly BlockRef[]): void {
    this.#ask(swarm, segment, blocks, refs, false)
  }

  subscribe (swarm: SwarmId, segment: number, blocks: readonly number[], refs: readonly BlockRef[]): void {
    this.#ask(swarm, segment, blocks, refs, true)
  }

  arrived (_swarm: SwarmId, segment: number, block: number): void {
    this.#serving?.arrived(segment, block)
  }

  #ask (swarm: SwarmId, segment: number, blocks: readonly number[], refs: readonly BlockRef[], standing: boolean): void {
    const now = this.home.net.clock.now()
    const asks: Ask[] = []
    const idle = this.#live === 0
    for (const [i, block] of blocks.entries()) {
      const key = keyOf(segment, block)
      const known = this.#asks.get(key)
      if (known?.standing === true && !standing) this.#count(known)
      if (known !== undefined) continue
      const place = { swarm, segment, block }
      if (this.#joined !== swarm || this.#asks.size >= MAX_OUTSTANDING_BLOCKS) {
        const reason = this.#joined === swarm ? 'busy' : 'not-joined'
        queueMicrotask(() => { this.#emit({ type: 'refused', session: this, place, reason }) })
        continue
      }
      const ask: Ask = { place, size: refs[i]?.size ?? MAX_BLOCK_BYTES, askedAt: now, wanted: true, dead: false, standing: true }
      this.#asks.set(key, ask)
      if (!standing) this.#count(ask)
      asks.push(ask)
    }
    if (idle && this.#live > 0) {
      this.#meter ??= new LinkMeter(MAX_WINDOW_BYTES)
      if (this.#meter.rate === 0) this.#meter.pong(2 * this.delay)
      this.#meter.busy(now)
      this.#progressAt = now
      this.#watch()
    }
    if (asks.length === 0) return
    this.#tell(controlBytes.request(asks.length), other => { (other.#serving ??= new Serving(other)).asked(asks, standing) })
  }

  /** From now on it is late when it does not come. */
  #count (ask: Ask): void {
    ask.standing = false
    this.#live++
    this.#outstanding += ask.size
  }

  cancel (_swarm: SwarmId, segment: number, blocks: readonly number[]): void {
    const cancelled: Ask[] = []
    for (const block of blocks) {
      const ask = this.#asks.get(keyOf(segment, block))
      if (ask === undefined) continue
      this.#forget(ask)
      cancelled.push(ask)
    }
    if (cancelled.length > 0) this.#tell(controlBytes.request(cancelled.length), other => { other.#serving?.cancelled(cancelled) })
  }

  async close (reason = 'closed'): Promise<void> {
    if (this.closed) return
    const { other } = this
    this.home.net.clock.at(this.home.net.clock.now() + this.delay, () => { other.#end(reason, true) })
    // never inside the call that caused it, as with a real connection
    queueMicrotask(() => { this.#end(reason, false) })
    this.#serving?.close()
    this.closed = true
  }

  vanish (ms: number): void {
    this.closed = true
    this.#serving?.close()
    this.home.net.clock.after(ms, () => { this.other.#end('no answer to a ping', false) })
    this.home.net.unlinked(this)
  }

  // --- from the other end ---

  /** The server will not send it. */
  refuse (asks: readonly Ask[], reason: RefuseReason): void {
    this.#tell(controlBytes.request(asks.length), other => {
      for (const ask of asks) if (other.#forget(ask)) other.#emit({ type: 'refused', session: other, place: ask.place, reason })
    })
  }

  /** Bytes of a block have left this end: `at`, after they began to at `from`. @param bytes fewer than its size when it was cancelled */
  delivered (ask: Ask, bytes: number, from: number, at: number): void {
    const { other } = this
    this.sent += bytes
    this.#emit({ type: 'sent', session: this, swarm: ask.place.swarm, bytes })
    const there = other.home.host.down.pass(bytes, at + this.delay)
    this.home.net.clock.at(there, () => { other.#arrived(ask, bytes, from + this.delay) })
  }

  /** Some bytes are on their way to this end. */
  progressed (): void {
    this.#progressAt = this.home.net.clock.now()
    this.#stallPause = 0
  }

  #arrived (ask: Ask, bytes: number, from: number): void {
    const { home: { net, host } } = this
    if (host.gone || this.closed) return
    const now = net.clock.now()
    const meter = this.#meter ??= new LinkMeter(MAX_WINDOW_BYTES)
    if (ask.wanted && ask.standing) {
      if (this.#live === 0) meter.busy(Math.min(from, now), false)
      this.#count(ask)
    }
    meter.arrived(0, Math.min(from, now))
    meter.arrived(bytes, now)
    this.progressed()
    if (!ask.wanted || bytes < ask.size) {
      this.wasted += bytes
      net.traffic.wasted += bytes
      return
    }
    this.#forget(ask)
    const block = net.blockOf(ask.place)
    if (block === undefined) return
    this.#received += bytes
    net.traffic.fromPeers += bytes
    if (host.region !== this.other.home.host.region) net.traffic.fromAfar += bytes
    this.#emit({ type: 'block', session: this, place: ask.place, block, ms: now - ask.askedAt })
  }

  #forget (ask: Ask): boolean {
    const key = keyOf(ask.place.segment, ask.place.block)
    if (this.#asks.get(key) !== ask) return false
    this.#asks.delete(key)
    ask.wanted = false
    if (ask.standing) return true
    this.#outstanding -= ask.size
    if (--this.#live === 0) this.#meter?.idle(this.home.net.clock.now())
    return true
  }

  /** No byte of what was asked for comes for long: as the exchange's watchdog. */
  #watch (): void {
    if (this.#watching) return
    this.#watching = true
    const { clock } = this.home.net
    clock.after(this.#stallPause === 0 ? this.#patience : this.#stallPause, () => {
      this.#watching = false
      if (this.closed || this.#live === 0) return
      const now = clock.now()
      if (this.other.sending && !this.other.home.host.gone) this.progressed()
      if (now - this.#progressAt >= this.#patience) {
        this.#stallPause = this.#stallPause === 0 ? this.#patience : Math.min(STALL_REPEAT_MAX_MS, 2 * this.#stallPause)
        this.#emit({ type: 'stalled', session: this, ms: now - this.#progressAt })
      }
      this.#watch()
    })
  }

  get #patience (): number {
    const meter = this.#meter
    if (meter === undefined || meter.rate === 0) return STALL_FIRST_MS
    return Math.max(STALL_MIN_MS, STALL_FACTOR * (meter.delay + MAX_BLOCK_BYTES * 1000 / meter.rate))
  }

  #end (reason: string, goodbye: boolean): void {
    if (!this.home.sessions.delete(this)) return
    this.closed = true
    this.#serving?.close()
    const lost = [...this.#asks.values()].map(({ place }) => place)
    for (const ask of [...this.#asks.values()]) this.#forget(ask)
    this.home.net.unlinked(this)
    this.#emit({ type: 'closed', session: this, lost, reason, goodbye })
  }

  #emit (event: SessionEvent): void {
    if (!this.home.host.gone) this.home.emit(event)
  }

  #say (bytes: number, event: (other: VirtualSession) => SessionEvent): void {
    this.#tell(bytes, other => {
      const said = event(other)
      if (other.#held === undefined) other.#emit(said)
      else other.#held.push(said)
    })
  }

  #tell (bytes: number, act: (other: VirtualSession) => void): void {
    if (this.closed) return
    const { other, home: { net } } = this
    net.traffic.control += bytes
    net.clock.at(net.clock.now() + this.delay, () => { if (!other.closed && !other.home.host.gone) act(other) })
  }
}

/** A world has one content, so that segment and block name a place. */
function keyOf (segment: number, block: number): number {
  return segment * 65_536 + block
}
