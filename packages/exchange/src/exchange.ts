import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { Connection, Stream } from '@libp2p/interface'
import { ConfigError, UnavailableError } from '@shoal/interface'
import type { Exchange, PeerName, ServeHandler, Session, SessionEvent } from '@shoal/interface'
import { EXCHANGE_PROTOCOL, MIN_CREDIT_BYTES } from '@shoal/wire'
import { MAX_STREAMS, MAX_WINDOW_BYTES } from './defaults.js'
import { ConnectionSession } from './session.js'
import type { ExchangeComponents, ExchangeInit } from './types.js'

/** The exchange over a libp2p node: one session per connection that speaks the protocol. */
export class LibP2PExchange implements Exchange {
  readonly #components: ExchangeComponents
  readonly #maxWindow: number
  readonly #byConnection = new Map<string, ConnectionSession>()
  #listener: ((event: SessionEvent) => void) | undefined
  #serve: ServeHandler | undefined
  #nextId = 1

  constructor (init: ExchangeInit, components: ExchangeComponents) {
    this.#components = components
    this.#maxWindow = init.maxWindow ?? MAX_WINDOW_BYTES
    if (!(this.#maxWindow >= MIN_CREDIT_BYTES && this.#maxWindow <= MAX_WINDOW_BYTES)) {
      throw new ConfigError(`expected a maxWindow of ${MIN_CREDIT_BYTES} to ${MAX_WINDOW_BYTES} bytes, got ${this.#maxWindow}`)
    }
  }

  * #open (): Generator<ConnectionSession> {
    for (const session of this.#byConnection.values()) if (session.open) yield session
  }

  get sessions (): Iterable<Session> {
    return this.#open()
  }

  async start (listener: (event: SessionEvent) => void, serve: ServeHandler): Promise<void> {
    this.#listener = listener
    this.#serve = serve
    await this.#components.node.handle(EXCHANGE_PROTOCOL, (stream: Stream, connection: Connection) => {
      this.#session(connection).accept(stream)
    }, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS, runOnLimitedConnection: true })
  }

  async stop (): Promise<void> {
    await this.#components.node.unhandle(EXCHANGE_PROTOCOL)
    await Promise.all([...this.#byConnection.values()].map(session => session.close('the node stops')))
    this.#listener = undefined
  }

  async connect (peer: PeerName | undefined, addrs: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Session> {
    const existing = peer === undefined ? undefined : this.#existing(peer)
    if (existing !== undefined && (existing.transport !== 'relay' || addrs.length === 0)) return existing
    const there = peer === undefined || addrs.length > 0 ? undefined : this.#connected(peer)
    if (there !== undefined) return await this.#opened(there, options)
    let connection: Connection
    try {
      connection = await this.#dial(peer, addrs, options)
    } catch (error) {
      if (existing?.open === true) return existing
      // of two that dial each other at once one may be turned away, for the other has come
      const came = peer === undefined ? undefined : this.#connected(peer)
      if (came === undefined || onlyRelayed(came.remoteAddr)) throw error
      connection = came
    }
    return await this.#opened(connection, options)
  }

  async #opened (connection: Connection, { signal }: { signal?: AbortSignal }): Promise<Session> {
    const session = this.#session(connection)
    await abortable(session.opened, signal)
    return session
  }

  /** A connection that somebody else made, one that goes through no relay if there is one: libp2p would not give a relayed one. */
  #connected (peer: PeerName): Connection | undefined {
    const open = this.#components.node.getConnections(peerIdFromString(peer)).filter(({ status }) => status === 'open')
    return open.find(({ remoteAddr }) => !onlyRelayed(remoteAddr)) ?? open[0]
  }

  /** The peer's open session, one that goes through no relay if there is one. */
  #existing (peer: PeerName): ConnectionSession | undefined {
    let found: ConnectionSession | undefined
    for (const session of this.#open()) {
      if (session.peer === peer && (found === undefined || (found.transport === 'relay' && session.transport !== 'relay'))) found = session
    }
    return found
  }

  /**
   * By the addresses given, else by what the node knows of the peer; never by that after these, for nobody has judged what the DHT brought
   * into the peer store, and where WebRTC was to be had what is left is the relay, which would stand in the way of the next try.
   */
  async #dial (peer: PeerName | undefined, addrs: readonly string[], options: { signal?: AbortSignal }): Promise<Connection> {
    const { node } = this.#components
    const targets = parse(peer, addrs)
    if (targets.length > 0) {
      const connection = await node.dial(targets, options)
      // libp2p takes a connection that is there and joins a dial under way, whatever their addresses: others dial a peer through its relay
      if (!onlyRelayed(connection.remoteAddr) || targets.every(onlyRelayed)) return connection
      return await node.dial(targets, { ...options, force: true })
    }
    if (peer !== undefined) return await node.dial(peerIdFromString(peer), options)
    throw new UnavailableError(`expected a peer id or an address to dial, got none that can be read of ${addrs.length}`)
  }

  #session (connection: Connection): ConnectionSession {
    const known = this.#byConnection.get(connection.id)
    if (known !== undefined) return known
    if (this.#serve === undefined || this.#listener === undefined) throw new UnavailableError('expected a started exchange: call start() first')
    const session = new ConnectionSession({
      id: this.#nextId++,
      connection,
      clock: this.#components.clock,
      serve: this.#serve,
      maxWindow: this.#maxWindow,
      turned: this.#components.turned,
      emit: event => { this.#listener?.(event) },
      ended: () => { if (this.#byConnection.get(connection.id) === session) this.#byConnection.delete(connection.id) }
    })
    this.#byConnection.set(connection.id, session)
    return session
  }
}

function onlyRelayed (addr: Multiaddr): boolean {
  return /\/p2p-circuit(\/p2p\/[^/]+)?$/.test(addr.toString())
}

/** Addresses that can be read, each ending in the peer's id: libp2p refuses a mix. Those of another peer are left out. */
function parse (peer: PeerName | undefined, addrs: readonly string[]): Multiaddr[] {
  const parsed: Multiaddr[] = []
  for (const addr of addrs) {
    try {
      const last = addr.lastIndexOf('/p2p/')
      const named = last !== -1 && !addr.slice(last + 1).includes('/', 4) ? addr.slice(last + 5) : undefined
      if (peer === undefined || named === peer) parsed.push(multiaddr(addr))
      else if (named === undefined) parsed.push(multiaddr(`${addr}/p2p/${peer}`))
    } catch {
      // what a peer or a link says of addresses is a hint: one that cannot be read helps nobody
    }
  }
  return parsed
}

async function abortable<T> (promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  signal.throwIfAborted()
  return new Promise<T>((resolve, reject) => {
    const onabort = (): void => { reject(signal.reason as Error) }
    signal.addEventListener('abort', onabort, { once: true })
    promise.then(resolve, reject).finally(() => { signal.removeEventListener('abort', onabort) })
  })
}
