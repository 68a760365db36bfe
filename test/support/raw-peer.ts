/** A peer made of libp2p and the protocol's own encoders, without the rules that a session keeps: for what no honest node sends. */

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
import type { Shoal } from 'shoal'
import { BLOCK, expect, hash, later, release, until } from './bench.ts'

const PIECE = 32_768

export class RawPeer {
  readonly messages: Message[] = []
  /** Bytes of blocks that came, by `request/block`. */
  readonly blocks = new Map<string, Buffer[]>()
  onrequest: ((request: Request) => void) | undefined
  readonly #totals = new Map<string, number>()
  readonly #libp2p: Libp2p
  #connection: Connection | undefined
  #control: Stream | undefined
  #data: Promise<Stream> | undefined

  private constructor (libp2p: Libp2p) {
    this.#libp2p = libp2p
  }

  static async start (): Promise<RawPeer> {
    const libp2p = await createLibp2p({
      addresses: { listen: [] },
      transports: [tcp()],
      connectionEncrypters: [tls()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false }
    })
    const peer = new RawPeer(libp2p)
    await libp2p.handle(EXCHANGE_PROTOCOL, stream => { peer.#listen(stream) }, { maxInboundStreams: 8 })
    later(() => peer.stop())
    return peer
  }

  get id (): string {
    return this.#libp2p.peerId.toString()
  }

  /** Connects and says HELLO; a session begins when the victim has said so too. */
  async meet (victim: Shoal): Promise<void> {
    this.#connection = await this.#libp2p.dial(victim.addrs.map(addr => multiaddr(addr)))
    this.#control = await this.newStream()
    const version = EXCHANGE_VERSION
    this.send({ type: 'hello', version, minVersion: version, frameCap: MAX_FRAME_BYTES, credit: 64 * BLOCK, features: 0 })
    await until(5, () => this.left || this.messages.some(message => message.type === 'hello'), 'a HELLO in return')
  }

  /** Says that it is in the content's swarm and holds `segments` whole segments; the victim says that it is in it too. */
  async join (manifest: string, segments: number): Promise<void> {
    this.send({ type: 'join', handle: 1, swarm: await swarmIdOf(manifest), token: undefined })
    const complete = segments === 0 ? [] : [{ start: 0, count: segments }]
    this.send({ type: 'have', handle: 1, delta: { complete, partial: [] }, more: false, bytes: 0 })
    await until(5, () => this.messages.some(message => message.type === 'join'), 'a JOIN in return')
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

/** The node lives on: a well-behaved stranger gets the first block of what it holds. */
export async function expectAnswers (giver: Shoal, manifest: string, bytes: Uint8Array): Promise<void> {
  const stranger = await RawPeer.start()
  await stranger.meet(giver)
  await stranger.join(manifest, 0)
  const block = await stranger.ask(1, 0, 0)
  expect(typeof block !== 'string' && hash(block) === hash(bytes.subarray(0, BLOCK)), `expected the first block, got ${typeof block === 'string' ? block : 'other bytes'}`)
  release(stranger)
}
