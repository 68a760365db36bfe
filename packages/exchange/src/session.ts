import type { Stream } from '@libp2p/interface'
import { afterAwake } from '@shoal/base'
import { WireError } from '@shoal/interface'
import type {
  BlockRef, HaveDelta, PeerHint, PenaltyReason, RefuseReason, Session, SessionEvent, SessionStats, SwarmId, Transport
} from '@shoal/interface'
import {
  decodeMessage, EXCHANGE_PROTOCOL, MAX_BLOCK_BYTES, MAX_FRAME_BYTES, MAX_WEBRTC_FRAME_BYTES, splitHave, splitHead, splitPex, splitRevoked,
  type FrameHeader, type Hello, type Message
} from '@shoal/wire'
import { Allowance } from './allowance.js'
import { ControlWriter } from './control.js'
import { ReceiveCredit, SendCredit } from './credit.js'
import { FIRST_CREDIT_BYTES, HANDSHAKE_MS, UNREAD_MS } from './defaults.js'
import { greeting, mismatchOf, takesSubscriptions } from './greeting.js'
import { Membership, type MemberMessage } from './membership.js'
import { LinkMeter } from './meter.js'
import { Requester } from './requester.js'
import { Server } from './server.js'
import { closeConnection, readFrames } from './streams.js'
import { TheirStreams } from './their-streams.js'
import { isSignalling, isWebRtc, transportOf } from './transport.js'
import type { SessionInit } from './types.js'
import { Watchdog } from './watchdog.js'

/** What exists once both HELLOs have passed. */
interface Parts {
  readonly frameCap: number
  readonly sendCredit: SendCredit
  readonly server: Server
  readonly requester: Requester
}

/**
 * One session over one connection. This class owns the streams and the life of the session and hands what comes to the parts that know
 * what to do with it: `Membership` (who is in which swarm), `Requester` (what we asked for), `Server` (what they asked for), `Watchdog`
 * (time). A part never touches a stream but for the server's data stream.
 */
export class ConnectionSession implements Session {
  readonly id: number
  readonly peer: string
  readonly limited: boolean
  readonly direction: 'inbound' | 'outbound'
  readonly remoteAddr: string
  /** Settles when both HELLOs have passed, or cannot. */
  readonly opened: Promise<void>
  readonly #init: SessionInit
  readonly #transport: Transport
  readonly #frameCap: number
  readonly #meter: LinkMeter
  readonly #receiveCredit: ReceiveCredit
  readonly #membership: Membership
  readonly #watchdog: Watchdog
  readonly #allowance: Allowance
  /** What every part gets. */
  readonly #context = { session: this, emit: this.#emit.bind(this), send: this.#send.bind(this) }
  readonly #opening = Promise.withResolvers<void>()
  readonly #handshake: () => void
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #control: ControlWriter | undefined
  readonly #theirs = new TheirStreams()
  readonly #streams: Stream[] = []
  #hello: Hello | undefined
  #parts: Parts | undefined

  constructor (init: SessionInit) {
    const { connection, clock } = init
    this.#init = init
    this.id = init.id
    this.peer = connection.remotePeer.toString()
    this.remoteAddr = connection.remoteAddr.toString()
    this.#transport = transportOf(this.remoteAddr)
    this.limited = isSignalling(connection.limits)
    this.direction = connection.direction
    this.#frameCap = isWebRtc(this.#transport) ? MAX_WEBRTC_FRAME_BYTES : MAX_FRAME_BYTES
    this.#meter = new LinkMeter(init.maxWindow)
    this.#receiveCredit = new ReceiveCredit(Math.min(init.maxWindow, FIRST_CREDIT_BYTES))
    this.#allowance = new Allowance(clock)
    this.opened = this.#opening.promise
    // an inbound session that fails to open has nobody who waits for it
    this.opened.catch(() => {})
    this.#handshake = afterAwake(clock, HANDSHAKE_MS, () => { this.#end(`no HELLO within ${HANDSHAKE_MS} ms`) })
    const context = this.#context
    this.#membership = new Membership({ ...context, serve: init.serve, act: this.#act.bind(this), fail: this.#failed.bind(this) })
    this.#watchdog = new Watchdog({
      ...context, clock, meter: this.#meter, outstanding: () => this.stats.outstanding, silent: () => { void this.close('no answer to a ping') }
    })
    void this.#openControl()
  }

  get transport (): Transport {
    return this.#transport === 'webrtc' && this.#init.turned?.(this.#init.connection) === true ? 'turn' : this.#transport
  }

  get closed (): boolean { return this.#state === 'closed' }

  get open (): boolean { return this.#state === 'open' }

  get pushes (): boolean { return takesSubscriptions(this.#hello) }

  get stats (): SessionStats {
    const requester = this.#parts?.requester
    return {
      rtt: this.#meter.rtt,
      received: requester?.received ?? 0,
      sent: this.#parts?.server.sent ?? 0,
      wasted: requester?.wasted ?? 0,
      outstanding: requester?.outstanding ?? 0,
      rate: this.#meter.rate,
      window: this.#meter.window
    }
  }

  join (swarm: SwarmId, init: { token?: string | undefined, have: HaveDelta, head?: Uint8Array | undefined }): void {
    if (this.#state !== 'open') return
    const handle = this.#membership.join(swarm)
    if (handle === undefined) return
    this.#send({ type: 'join', handle, swarm, token: init.token })
    this.have(swarm, init.have)
    if (init.head !== undefined) this.head(swarm, init.head)
  }

  leave (swarm: SwarmId): void {
    const handle = this.#membership.leave(swarm)
    this.#parts?.server.refuseAll(swarm, 'not-joined')
    if (handle !== undefined) this.#send({ type: 'leave', handle })
    this.#membership.expel(swarm, 'not-found')
  }

  renew (swarm: SwarmId, token: string): void {
    this.#sendIn(swarm, handle => [{ type: 'join', handle, swarm, token }])
  }

  expel (swarm: SwarmId, reason: RefuseReason): void {
    if (this.#membership.expel(swarm, reason)) this.#parts?.server.refuseAll(swarm, reason)
  }

  have (swarm: SwarmId, delta: HaveDelta): void {
    this.#sendIn(swarm, (handle, frameCap) => splitHave(handle, delta, frameCap))
  }

  fetching (swarm: SwarmId, segment: number): void {
    this.#sendIn(swarm, handle => [{ type: 'fetching', handle, segment }])
  }

  head (swarm: SwarmId, head: Uint8Array): void {
    this.#sendIn(swarm, (handle, frameCap) => splitHead(handle, head, frameCap))
  }

  revoked (swarm: SwarmId, list: string): void {
    this.#sendIn(swarm, (handle, frameCap) => splitRevoked(handle, new TextEncoder().encode(list), frameCap))
  }

  purge (swarm: SwarmId, purge: Uint8Array): void {
    if (this.#state === 'open') this.#send({ type: 'purge', swarm, bytes: purge })
  }

  choke (swarm: SwarmId): void {
    this.#sendIn(swarm, handle => [{ type: 'choke', handle }])
    this.#parts?.server.refuseAll(swarm, 'choked')
  }

  unchoke (swarm: SwarmId): void {
    this.#sendIn(swarm, handle => [{ type: 'unchoke', handle }])
  }

  pex (swarm: SwarmId, peers: readonly PeerHint[]): void {
    this.#sendIn(swarm, (handle, frameCap) => splitPex(handle, peers, frameCap))
  }

  request (swarm: SwarmId, segment: number, blocks: readonly number[], refs: readonly BlockRef[]): void {
    this.#parts?.requester.request(swarm, this.#membership.handle(swarm), segment, blocks, refs)
  }

  subscribe (swarm: SwarmId, segment: number, blocks: readonly number[], refs: readonly BlockRef[]): void {
    this.#parts?.requester.request(swarm, this.#membership.handle(swarm), segment, blocks, refs, 'subscribe')
  }

  arrived (swarm: SwarmId, segment: number, block: number): void {
    this.#parts?.server.arrived(swarm, segment, block)
  }

  cancel (swarm: SwarmId, segment: number, blocks: readonly number[]): void {
    this.#parts?.requester.cancel(swarm, segment, blocks)
  }

  async close (reason = 'closed'): Promise<void> {
    if (this.#state === 'closed') return
    if (this.#state === 'open') this.#send({ type: 'goodbye', reason })
    this.#control?.flush()
    // closing the connection sends what still waits, the GOODBYE above all, and ends the streams
    this.#end(reason, 'leave')
    await closeConnection(this.#init.connection, this.#init.clock)
  }

  /** A stream that the peer opened on this connection. */
  accept (stream: Stream): void {
    if (!this.#theirs.opened()) {
      stream.abort(new Error('a session has two streams each way'))
      this.#violation('protocol-violation', 'expected at most a control and a data stream, got a third')
      return
    }
    this.#streams.push(stream)
    readFrames(stream, this.#frameCap, {
      control: (header, payload) => { this.#controlFrame(stream, header, payload) },
      data: (header, length) => {
        this.#theirs.data(stream, this.#parts !== undefined)
        this.#parts?.requester.data(header, length)
      },
      piece: bytes => { this.#parts?.requester.piece(bytes) },
      skipped: (_type, length) => { this.#count(length) },
      heard: () => { this.#watchdog.heard() },
      failed: error => { this.#failed(error) },
      ended: () => { this.#end('the peer closed a stream') }
    })
  }

  async #openControl (): Promise<void> {
    try {
      const stream = await this.#openStream()
      this.#control = new ControlWriter(stream, reason => { this.#end(reason) })
      this.#control.send(greeting(this.#frameCap, this.#receiveCredit.window))
      this.#tryOpen()
    } catch (error) {
      this.#end(`no control stream: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** A stream of ours: the peer may read it, never write to it. */
  async #openStream (): Promise<Stream> {
    const stream = await this.#init.connection.newStream(EXCHANGE_PROTOCOL, { runOnLimitedConnection: true })
    if (this.#state === 'closed') {
      stream.abort(new Error('the session is closed'))
      throw new Error('the session is closed')
    }
    this.#streams.push(stream)
    stream.addEventListener('message', () => {
      this.#violation('protocol-violation', 'expected no bytes on a stream that we opened: streams go one way')
    })
    stream.addEventListener('close', () => { this.#end('a stream of ours closed') })
    return stream
  }

  #tryOpen (): void {
    if (this.#state !== 'opening' || this.#control === undefined || this.#hello === undefined) return
    const { clock, serve, maxWindow } = this.#init
    const context = this.#context
    const frameCap = Math.min(this.#frameCap, this.#hello.frameCap)
    const sendCredit = new SendCredit(this.#hello.credit)
    const server = new Server({
      ...context,
      clock,
      serve,
      openData: async () => this.#openStream(),
      unread: () => {
        this.#violation('stalled', `expected blocks that were asked for to be read, nothing was for ${UNREAD_MS / 1000} s`)
      },
      fail: error => { this.#end(`the data stream failed: ${error.message}`) }
      // WebRTC carries messages, which stay small
    }, sendCredit, frameCap, isWebRtc(this.#transport) ? 0 : MAX_BLOCK_BYTES)
    const requester = new Requester({
      ...context,
      clock,
      corrupt: detail => { this.#violation('corrupt-block', detail) },
      fail: reason => { void this.close(reason) },
      busy: () => { this.#watchdog.busy() },
      progress: now => { this.#watchdog.progress(now) }
    }, this.#receiveCredit, this.#meter, maxWindow)
    this.#parts = { frameCap, sendCredit, server, requester }
    this.#state = 'open'
    this.#handshake()
    this.#watchdog.start()
    this.#opening.resolve()
    this.#emit({ type: 'open', session: this })
  }

  #controlFrame (stream: Stream, header: FrameHeader, payload: Uint8Array): void {
    this.#count(payload.byteLength)
    if (this.#state === 'closed') return
    const message = decodeMessage(header, payload)
    if (message === undefined) return
    if (message.type === 'hello') return this.#helloFrom(stream, message)
    this.#theirs.control(stream, message.type)
    if (this.#state === 'opening') throw new WireError(`expected nothing before our HELLO, got a ${message.type}`)
    this.#message(message)
  }

  #helloFrom (stream: Stream, hello: Hello): void {
    this.#theirs.hello(stream)
    const mismatch = mismatchOf(hello)
    if (mismatch !== undefined) {
      this.#end(mismatch)
      return
    }
    this.#hello = hello
    this.#tryOpen()
  }

  #message (message: Exclude<Message, Hello>): void {
    switch (message.type) {
      case 'goodbye':
        this.#end(`the peer said goodbye: ${message.reason}`, 'abort', true)
        break
      case 'ping':
        this.#send({ type: 'pong', nonce: message.nonce })
        break
      case 'pong':
        this.#watchdog.pong(message.nonce)
        break
      case 'credit':
        this.#parts?.sendCredit.grant(message.bytes)
        this.#parts?.server.credited()
        break
      case 'refuse':
        this.#parts?.requester.refused(message)
        break
      case 'cancel':
        this.#parts?.server.cancel(message)
        break
      case 'purge':
        this.#emit({ type: 'purge', session: this, swarm: message.swarm, purge: message.bytes })
        break
      case 'join-refused':
        this.#membership.refused(message.handle, message.reason)
        break
      default:
        this.#membership.message(message)
    }
  }

  #act (message: MemberMessage, swarm: SwarmId): void {
    switch (message.type) {
      case 'leave':
        this.#parts?.server.refuseAll(swarm, 'not-joined')
        this.#emit({ type: 'leave', session: this, swarm })
        break
      case 'fetching':
        this.#emit({ type: 'fetching', session: this, swarm, segment: message.segment })
        break
      case 'choke':
      case 'unchoke':
        this.#emit({ type: message.type, session: this, swarm })
        break
      case 'pex':
        this.#emit({ type: 'pex', session: this, swarm, peers: message.peers })
        break
      case 'request':
      case 'subscribe': {
        const wrong = this.#parts?.server.request(message, this.#membership.handle(swarm) === undefined ? undefined : swarm)
        if (wrong !== undefined) throw new WireError(wrong)
        break
      }
    }
  }

  #count (length: number): void {
    const wrong = this.#allowance.spend(length)
    if (wrong !== undefined) this.#violation('spam', wrong)
  }

  #failed (error: unknown): void {
    if (!(error instanceof WireError)) throw error
    this.#violation('protocol-violation', error.message)
  }

  #violation (reason: PenaltyReason, detail: string): void {
    if (this.#state === 'closed') return
    this.#init.emit({ type: 'penalty', session: this, reason, detail })
    void this.close(reason)
  }

  #emit (event: SessionEvent): void {
    if (this.#state !== 'closed') this.#init.emit(event)
  }

  /** What we say in a swarm, when we are in it. */
  #sendIn (swarm: SwarmId, split: (handle: number, frameCap: number) => readonly Message[]): void {
    const handle = this.#membership.handle(swarm)
    if (handle === undefined || this.#parts === undefined) return
    for (const message of split(handle, this.#parts.frameCap)) this.#send(message)
  }

  #send (message: Message): void {
    if (this.#state !== 'closed') this.#control?.send(message)
  }

  #end (reason: string, streams: 'abort' | 'leave' = 'abort', goodbye = false): void {
    if (this.#state === 'closed') return
    const wasOpen = this.#state === 'open'
    this.#state = 'closed'
    this.#handshake()
    this.#watchdog.stop()
    this.#parts?.server.close()
    const lost = this.#parts?.requester.close() ?? []
    this.#init.ended()
    if (wasOpen) this.#init.emit({ type: 'closed', session: this, lost, reason, goodbye })
    else this.#opening.reject(new Error(`no session with ${this.peer}: ${reason}`))
    if (streams === 'abort') for (const stream of this.#streams) stream.abort(new Error(reason))
  }
}
