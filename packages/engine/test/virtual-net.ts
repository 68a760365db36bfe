import type {
  Announcement, AnnouncementEvent, Availability, BlockPlace, BlockRef, Exchange, HaveDelta, Judge, PeerHint, PeerName, RefuseReason,
  Routing, ServeHandler, Session, SessionEvent, SessionStats, SwarmId, Transport
} from '@shoal/interface'
import { DecayingRate, systemClock, type Clock } from '@shoal/base'

/** As in the exchange: a peer that is gone without a word stalls after the first, and is given up after the second. */
const STALL_MS = 1_000
const SILENT_MS = 35_000

/** Sessions, DHT and announcements between engines of one process: no frames and no bytes on a wire, the same events in the same order. */
export class VirtualNet {
  readonly exchanges = new Map<PeerName, VirtualExchange>()
  readonly providers = new Map<SwarmId, Set<PeerName>>()
  readonly topics = new Map<SwarmId, Set<(event: AnnouncementEvent) => void>>()
  /** Who hears the heads of a live content, and the purges of any. */
  readonly followers = { head: new Map<SwarmId, Map<PeerName, Judge>>(), purge: new Map<SwarmId, Map<PeerName, Judge>>() }
  /** Who announced itself out of turn. */
  readonly hastened: PeerName[] = []
  /** Without any network for now. */
  readonly cut = new Set<PeerName>()
  /** Whoever is reached through a relay for now, and whether that carries content. */
  readonly relayed = new Map<PeerName, { readonly content: boolean }>()
  /** Heads get lost on their way to this peer. */
  loses: (to: PeerName) => boolean = () => false
  readonly clock: Clock
  /** Why nothing can be announced. */
  mute: string | undefined

  constructor (clock: Clock = systemClock) {
    this.clock = clock
  }

  /** Its sessions end, and nobody reaches it until it is in `cut` no more. */
  async cutOff (peer: PeerName): Promise<void> {
    this.cut.add(peer)
    for (const session of [...this.exchanges.get(peer)?.sessions ?? []]) await session.close('the network is gone')
  }

  exchange (self: PeerName): VirtualExchange {
    const exchange = new VirtualExchange(self, this)
    this.exchanges.set(self, exchange)
    return exchange
  }

  routing (self: PeerName): Routing {
    const { providers } = this
    return {
      known: 1,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      provide (swarm) { providers.set(swarm, new Set([...providers.get(swarm) ?? [], self])) },
      unprovide (swarm) { providers.get(swarm)?.delete(self) },
      async * find (swarm): AsyncGenerator<PeerHint> {
        await Promise.resolve()
        for (const peer of providers.get(swarm) ?? []) if (peer !== self) yield { peer, addrs: [] }
      }
    }
  }

  availability (self: PeerName): Availability {
    const { topics, followers, cut, hastened } = this
    const loses = (peer: PeerName): boolean => this.loses(peer)
    const net = this as { readonly mute: string | undefined }
    const follow = (kind: 'head' | 'purge', swarm: SwarmId, judge: Judge): void => {
      followers[kind].set(swarm, new Map([...followers[kind].get(swarm) ?? [], [self, judge]]))
    }
    const tell = (kind: 'head' | 'purge', swarm: SwarmId, bytes: Uint8Array): void => {
      for (const [peer, judge] of followers[kind].get(swarm) ?? []) {
        if (peer !== self && !cut.has(peer) && !cut.has(self) && !loses(peer)) judge(bytes).catch(() => {})
      }
    }
    const joined = new Map<SwarmId, () => Omit<Announcement, 'peer' | 'swarm' | 'sequence' | 'ttl'>>()
    let listener: (event: AnnouncementEvent) => void = () => {}
    return {
      start (heard) { listener = heard; return Promise.resolve() },
      stop: () => Promise.resolve(),
      join (swarm, describe) {
        joined.set(swarm, describe)
        topics.set(swarm, new Set([...topics.get(swarm) ?? [], listener]))
      },
      leave (swarm) {
        joined.delete(swarm)
        for (const kind of ['head', 'purge'] as const) followers[kind].get(swarm)?.delete(self)
      },
      follow (swarm, _publisher, judge) { follow('head', swarm, judge) },
      head (swarm, head) { tell('head', swarm, head) },
      followPurges (swarm, _publisher, judge) { follow('purge', swarm, judge) },
      purge (swarm, purge) { tell('purge', swarm, purge) },
      hasten (swarm) {
        hastened.push(self)
        const said = joined.get(swarm)?.()
        if (said === undefined) return
        if (net.mute !== undefined) {
          listener({ type: 'unpublished', swarm, reason: net.mute })
          return
        }
        for (const hear of topics.get(swarm) ?? []) {
          if (hear !== listener) hear({ type: 'announcement', announcement: { ...said, peer: self, swarm, sequence: 1, ttl: 60 } })
        }
      },
      swarmSize: () => 1
    }
  }
}

type JoinInit = Parameters<Session['join']>[1]

interface Joined {
  /** While the other end judges the JOIN: what came after it. */
  held: ((joined: boolean) => void)[] | undefined
}

let sessions = 0

export class VirtualExchange implements Exchange {
  readonly self: PeerName
  readonly sessions = new Set<VirtualSession>()
  serve: ServeHandler | undefined
  vanished = false
  readonly #net: VirtualNet
  #listener: ((event: SessionEvent) => void) | undefined

  constructor (self: PeerName, net: VirtualNet) {
    this.self = self
    this.#net = net
  }

  loses (): boolean {
    return this.#net.loses(this.self)
  }

  get clock (): Clock {
    return this.#net.clock
  }

  emit (event: SessionEvent): void {
    // never inside the call that caused it, as with real sockets
    queueMicrotask(() => { if (!this.vanished) this.#listener?.(event) })
  }

  start (listener: (event: SessionEvent) => void, serve: ServeHandler): Promise<void> {
    this.#listener = listener
    this.serve = serve
    return Promise.resolve()
  }

  async stop (): Promise<void> {
    for (const session of [...this.sessions]) await session.close('stopped')
    this.#listener = undefined
  }

  /** Dies without a word: the others find out by what does not come. */
  vanish (): void {
    this.vanished = true
    this.#net.providers.forEach(providers => providers.delete(this.self))
    for (const { other } of this.sessions) {
      for (let at = STALL_MS; at < SILENT_MS; at *= 2) this.#net.clock.after(at, () => { other.stall(at) })
      this.#net.clock.after(SILENT_MS, () => { void other.close('no answer to a ping') })
    }
  }

  connect (peer: PeerName | undefined, _addrs: readonly string[] = [], { signal }: { signal?: AbortSignal } = {}): Promise<Session> {
    const other = this.#net.exchanges.get(peer ?? '')
    if (other?.serve === undefined || this.#net.cut.has(other.self) || this.#net.cut.has(this.self)) return Promise.reject(new Error(`${peer} is not there`))
    if (other.vanished) {
      return new Promise((_resolve, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason as Error) }) })
    }
    const relay = this.#net.relayed.get(other.self) ?? this.#net.relayed.get(this.self)
    const known = [...this.sessions].find(session => session.peer === peer && (session.transport !== 'relay' || relay !== undefined))
    if (known !== undefined) return Promise.resolve(known)
    if (this.vanished) return new Promise(() => {})
    const mine = new VirtualSession(this, other.self, 'outbound', relay)
    const theirs = new VirtualSession(other, this.self, 'inbound', relay)
    mine.other = theirs
    theirs.other = mine
    for (const session of [mine, theirs]) {
      session.home.sessions.add(session)
      session.home.emit({ type: 'open', session })
    }
    return Promise.resolve(mine)
  }
}

export class VirtualSession implements Session {
  readonly id = ++sessions
  readonly pushes = false
  readonly transport: Transport
  readonly limited: boolean
  readonly remoteAddr: string
  readonly home: VirtualExchange
  readonly peer: PeerName
  readonly direction: 'inbound' | 'outbound'
  other!: VirtualSession
  closed = false
  readonly #outstanding = new Map<string, { readonly place: BlockPlace, readonly abort: AbortController }>()
  /** Ends when what was asked for before has come: one block at a time, as on a data stream. */
  #turn: Promise<void> = Promise.resolve()
  /** Swarms that we are in: a second JOIN means nothing, as on the wire. */
  readonly #joined = new Map<SwarmId, Joined>()
  /** CHOKE messages sent. */
  chokes = 0
  #received = 0
  readonly #rate: DecayingRate

  constructor (home: VirtualExchange, peer: PeerName, direction: 'inbound' | 'outbound', relay?: { readonly content: boolean }) {
    this.transport = relay === undefined ? 'memory' : 'relay'
    this.limited = relay?.content === false
    this.home = home
    this.#rate = new DecayingRate(home.clock.now())
    this.peer = peer
    this.direction = direction
    this.remoteAddr = `/memory/${peer}`
  }

  get stats (): SessionStats {
    const outstanding = this.#outstanding.size * 262_144
    const rate = this.#rate.perSecond(this.home.clock.now())
    // as in the exchange: two bandwidth-delay products, and room for one block while another is verified
    return { rtt: 1, received: this.#received, sent: 0, wasted: 0, outstanding, rate, window: Math.max(2 * 262_144, rate * 0.1) }
  }

  join (swarm: SwarmId, init: JoinInit): void {
    if (this.#joined.has(swarm)) return
    const joined: Joined = { held: [] }
    this.#joined.set(swarm, joined)
    void this.#join(swarm, joined, init)
    if (init.head !== undefined) this.head(swarm, init.head)
  }

  async #join (swarm: SwarmId, joined: Joined, { token, have }: JoinInit): Promise<void> {
    const { other } = this
    const refused = await other.home.serve?.admit(other, swarm, token)
    if (this.#joined.get(swarm) !== joined) return
    if (refused !== undefined) {
      this.#refused(swarm, refused)
      other.home.emit({ type: 'turned-away', session: other, swarm })
      return
    }
    const { held = [] } = joined
    joined.held = undefined
    other.home.emit({ type: 'join', session: other, swarm, have, token })
    for (const act of held) act(true)
  }

  /**
   * What is done in a swarm: while the other end judges our JOIN it waits there, as on the wire.
   *
   * @param act told whether we are in it
   */
  #in (swarm: SwarmId, act: (joined: boolean) => void): void {
    const joined = this.#joined.get(swarm)
    if (joined?.held === undefined) act(joined !== undefined)
    else joined.held.push(act)
  }

  /** It is not in the swarm any more. Who leaves before the answer was never there. */
  #out (swarm: SwarmId): 'joined' | 'judged' | undefined {
    const joined = this.#joined.get(swarm)
    if (!this.#joined.delete(swarm)) return undefined
    for (const act of joined?.held ?? []) act(false)
    return joined?.held === undefined ? 'joined' : 'judged'
  }

  leave (swarm: SwarmId): void {
    if (this.#out(swarm) === 'joined') this.#tell({ type: 'leave', session: this.other, swarm })
    if (!this.closed && !this.home.vanished) this.other.#refused(swarm, 'not-found')
  }

  #refused (swarm: SwarmId, reason: RefuseReason): void {
    const { home } = this
    if (this.#joined.has(swarm)) home.emit({ type: 'join-refused', session: this, swarm, reason })
    this.#out(swarm)
  }

  renew (swarm: SwarmId, token: string): void { this.#in(swarm, joined => { if (joined) void this.#renew(swarm, token) }) }

  async #renew (swarm: SwarmId, token: string): Promise<void> {
    const { other } = this
    const refused = await other.home.serve?.admit(other, swarm, token)
    if (refused === undefined) return
    this.#refused(swarm, refused)
    other.home.emit({ type: 'turned-away', session: other, swarm })
    other.home.emit({ type: 'leave', session: other, swarm })
  }

  expel (swarm: SwarmId, reason: RefuseReason): void {
    this.other.#refuseAll(swarm, reason)
    this.other.#refused(swarm, reason)
  }

  revoked (swarm: SwarmId, list: string): void {
    this.#say({ type: 'revoked', session: this.other, swarm, list })
  }

  have (swarm: SwarmId, delta: HaveDelta): void { this.#say({ type: 'have', session: this.other, swarm, delta }) }
  fetching (swarm: SwarmId, segment: number): void { this.#say({ type: 'fetching', session: this.other, swarm, segment }) }
  head (swarm: SwarmId, head: Uint8Array): void { if (!this.other.home.loses()) this.#say({ type: 'head', session: this.other, swarm, head }) }

  purge (swarm: SwarmId, purge: Uint8Array): void { if (!this.other.home.loses()) this.#tell({ type: 'purge', session: this.other, swarm, purge }) }

  choke (swarm: SwarmId): void {
    this.chokes++
    this.#say({ type: 'choke', session: this.other, swarm })
    this.other.#refuseAll(swarm, 'choked')
  }

  unchoke (swarm: SwarmId): void { this.#say({ type: 'unchoke', session: this.other, swarm }) }
  pex (swarm: SwarmId, peers: readonly PeerHint[]): void { this.#say({ type: 'pex', session: this.other, swarm, peers }) }

  request (swarm: SwarmId, segment: number, blocks: readonly number[], _refs: readonly BlockRef[]): void {
    for (const block of blocks) {
      const place = { swarm, segment, block }
      const abort = new AbortController()
      this.#outstanding.set(`${swarm}/${segment}/${block}`, { place, abort })
      this.#in(swarm, joined => {
        const before = this.#turn
        this.#turn = this.#get(place, abort.signal, before, joined).catch(() => {})
      })
    }
  }

  subscribe (): void {}
  arrived (): void {}

  async #get (place: BlockPlace, signal: AbortSignal, before: Promise<void>, joined: boolean): Promise<void> {
    const { other } = this
    const key = `${place.swarm}/${place.segment}/${place.block}`
    const refuse = (reason: RefuseReason): void => {
      if (!signal.aborted && this.#outstanding.delete(key)) this.home.emit({ type: 'refused', session: this, place, reason })
    }
    if (other.home.vanished || signal.aborted) return
    if (!joined) {
      refuse('not-joined')
      return
    }
    if (other.home.serve?.choked(other, place.swarm, place.segment) === true) {
      refuse('choked')
      return
    }
    await before
    if (signal.aborted) return
    const block = await other.home.serve?.read(place, other)
    if (block === undefined || typeof block === 'string') {
      refuse(block ?? 'not-found')
      return
    }
    await other.home.serve?.acquire(other, block.bytes.byteLength, signal)
    if (this.closed || other.home.vanished || signal.aborted || !this.#outstanding.delete(key)) return
    this.#received += block.bytes.byteLength
    this.#rate.add(block.bytes.byteLength, this.home.clock.now())
    other.home.emit({ type: 'sent', session: other, swarm: place.swarm, bytes: block.bytes.byteLength })
    this.home.emit({ type: 'block', session: this, place, block, ms: 1 })
  }

  cancel (swarm: SwarmId, segment: number, blocks: readonly number[]): void {
    for (const block of blocks) this.#drop(`${swarm}/${segment}/${block}`)
  }

  stall (ms: number): void {
    if (!this.closed && this.#outstanding.size > 0) this.home.emit({ type: 'stalled', session: this, ms })
  }

  close (reason = 'closed'): Promise<void> {
    for (const session of [this, this.other]) {
      if (session.closed) continue
      session.closed = true
      session.home.sessions.delete(session)
      const lost = [...session.#outstanding.values()].map(({ place }) => place)
      for (const key of session.#outstanding.keys()) session.#drop(key)
      session.home.emit({ type: 'closed', session, lost, reason, goodbye: session !== this })
    }
    return Promise.resolve()
  }

  /** Nothing more of it is sent, nor paid for. */
  #drop (key: string): void {
    this.#outstanding.get(key)?.abort.abort(new Error('dropped'))
    this.#outstanding.delete(key)
  }

  #refuseAll (swarm: SwarmId, reason: RefuseReason): void {
    for (const [key, { place }] of this.#outstanding) {
      if (place.swarm !== swarm) continue
      this.#drop(key)
      this.home.emit({ type: 'refused', session: this, place, reason })
    }
  }

  /** In a swarm: nobody hears it who is not in it. */
  #say (event: Extract<SessionEvent, { readonly swarm: SwarmId }>): void {
    this.#in(event.swarm, joined => { if (joined) this.#tell(event) })
  }

  #tell (event: SessionEvent): void {
    if (!this.closed && !this.home.vanished) this.other.home.emit(event)
  }
}
