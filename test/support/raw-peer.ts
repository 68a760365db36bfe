/** A peer made of libp2p and the protocol's own encoders, without the rules that a session keeps: for what no honest node sends. */

import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { swarmIdOf } from '@shoal/content'
import {
  decodeMessage, encodeDataHeader, encodeMessage, EXCHANGE_PROTOCOL, EXCHANGE_VERSION, FrameReader, MAX_FRAME_BYTES, splitHead,
  type DataHeader, type Message, type Request
} from '@shoal/wire'
import { createLibp2p, type Libp2p } from 'libp2p'
import { until } from './waiting.ts'

const PIECE = 32_768
const CREDIT = 16 * 1024 * 1024

interface Services extends Record<string, unknown> { readonly pubsub: GossipSub }

const live = new Set<RawPeer>()

export class RawPeer {
  readonly messages: Message[] = []
  /** Bytes of blocks that came, by `request/block`. */
  readonly blocks = new Map<string, Buffer[]>()
  onrequest: ((request: Request) => void) | undefined
  readonly #totals = new Map<string, number>()
  readonly #libp2p: Libp2p<Services>
  #connection: Connection | undefined
  #control: Stream | undefined
  #data: Promise<Stream> | undefined

  private constructor (libp2p: Libp2p<Services>) {
    this.#libp2p = libp2p
  }

  /** @param localAddress where its connections come from @default any */
  static async start ({ localAddress }: { localAddress?: string } = {}): Promise<RawPeer> {
    const libp2p = await createLibp2p({
      addresses: { listen: [] },
      transports: [tcp(localAddress === undefined ? {} : { dialOpts: { localAddress } as object })],
      connectionEncrypters: [tls()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
    })
    const peer = new RawPeer(libp2p)
    await libp2p.handle(EXCHANGE_PROTOCOL, stream => { peer.#listen(stream) }, { maxInboundStreams: 8 })
    live.add(peer)
    return peer
  }

  /** For the end of a test. */
  static async stopAll (): Promise<void> {
    await Promise.all([...live].map(peer => peer.stop()))
  }

  get id (): string {
    return this.#libp2p.peerId.toString()
  }

  /** Connects, and says nothing of the protocol. */
  async connect (victim: { readonly addrs: readonly string[] }): Promise<void> {
    this.#connection = await this.#libp2p.dial(victim.addrs.map(addr => multiaddr(addr)))
  }

  /** Connects and says HELLO; a session begins when the victim has said so too. */
  async meet (victim: { readonly addrs: readonly string[] }): Promise<void> {
    await this.connect(victim)
    this.#control = await this.newStream()
    const version = EXCHANGE_VERSION
    this.send({ type: 'hello', version, minVersion: version, frameCap: MAX_FRAME_BYTES, credit: CREDIT, features: 0 })
    await until(5, () => this.left || this.messages.some(message => message.type === 'hello'), 'a HELLO in return')
  }

  /** Says that it is in the content's swarm and holds `segments` whole segments; the victim says that it is in it too. */
  async join (manifest: string, segments: number, handle = 1): Promise<void> {
    const swarm = await swarmIdOf(manifest)
    this.send({ type: 'join', handle, swarm, token: undefined })
    const complete = segments === 0 ? [] : [{ start: 0, count: segments }]
    this.send({ type: 'have', handle, delta: { complete, partial: [] }, more: false, bytes: 0 })
    await until(5, () => this.left || this.messages.some(message => message.type === 'join' && message.swarm === swarm), 'a JOIN in return')
  }

  send (message: Message): void {
    this.raw(encodeMessage(message))
  }

  /** Bytes on the control stream, whatever they are. */
  raw (bytes: Uint8Array): void {
    if (this.#control?.status === 'open') this.#control.send(bytes)
  }

  head (envelope: Uint8Array): void {
    for (const message of splitHead(1, envelope, MAX_FRAME_BYTES)) this.send(message)
  }

  async newStream (): Promise<Stream> {
    return await (this.#connection as Connection).newStream(EXCHANGE_PROTOCOL)
  }

  /** Does something with the stream for DATA, opened at its first use; the victim may have ended the session by then. */
  async data (send: (stream: Stream) => void | Promise<void>): Promise<void> {
    this.#data ??= this.newStream()
    try {
      const stream = await this.#data
      if (stream.status === 'open') await send(stream)
    } catch (error) {
      if (!this.left) throw error
    }
  }

  /** Over gossipsub. */
  get pubsub (): GossipSub {
    return this.#libp2p.services.pubsub
  }

  /** A block in frames as the protocol wants them, whatever its bytes. */
  async give (id: number, block: number, bytes: Uint8Array): Promise<void> {
    await this.data(stream => {
      const total = bytes.byteLength
      for (let offset = 0; offset < total; offset += PIECE) frame(stream, { id, block, offset, total }, bytes, PIECE)
    })
  }

  /** One frame of a block. */
  async piece (id: number, block: number, bytes: Uint8Array, offset: number, length: number): Promise<void> {
    await this.data(stream => { frame(stream, { id, block, offset, total: bytes.byteLength }, bytes, length) })
  }

  /** The victim ended the connection. */
  get left (): boolean {
    return this.#connection !== undefined && this.#connection.status !== 'open'
  }

  /** Asks for one block; its bytes, or the reason of the refusal. */
  async ask (id: number, segment: number, block: number): Promise<Uint8Array | string> {
    this.send({ type: 'request', handle: 1, id, segment, blocks: [block] })
    const answer = (): Uint8Array | string | undefined => {
      const refusal = this.messages.find(message => message.type === 'refuse' && message.id === id)
      if (refusal?.type === 'refuse') return refusal.reason
      const pieces = this.blocks.get(`${id}/${block}`)
      const bytes = pieces === undefined ? undefined : Buffer.concat(pieces)
      return bytes !== undefined && bytes.byteLength === this.#totals.get(`${id}/${block}`) ? bytes : undefined
    }
    await until(5, () => answer() !== undefined || this.left, `an answer to the request of block ${block}`)
    return answer() ?? 'left'
  }

  async stop (): Promise<void> {
    live.delete(this)
    await this.#libp2p.stop()
  }

  #listen (stream: Stream): void {
    let pieces: Buffer[] | undefined
    const reader = new FrameReader(MAX_FRAME_BYTES, {
      control: (header, payload) => {
        const message = decodeMessage(header, payload.slice())
        if (message === undefined) return
        this.messages.push(message)
        if (message.type === 'request') this.onrequest?.(message)
      },
      data: ({ id, block, total }) => {
        const key = `${id}/${block}`
        this.#totals.set(key, total)
        pieces = this.blocks.get(key) ?? []
        this.blocks.set(key, pieces)
      },
      piece: bytes => {
        pieces?.push(Buffer.from(bytes))
        this.send({ type: 'credit', bytes: bytes.byteLength })
      },
      skipped: () => {}
    })
    stream.addEventListener('message', event => { reader.push(event.data) })
  }
}

function frame (stream: Stream, header: DataHeader, bytes: Uint8Array, length: number): void {
  const piece = bytes.subarray(header.offset, header.offset + length)
  stream.send(encodeDataHeader(header, piece.byteLength))
  stream.send(piece)
}
