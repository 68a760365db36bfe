/**
 * A client of the wire of Shoal 0.1 (`/shoal/exchange/1.0.0`, version 1 of the HELLO), frozen: it shares no code with the packages, and
 * what it says are bytes that were written down when that version was released. Later versions are held to talking to it. Never changed; a
 * new version gets a file beside this one.
 */

import { createHash } from 'node:crypto'
import { identify } from '@libp2p/identify'
import type { Connection, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'

const PROTOCOL = '/shoal/exchange/1.0.0'

/** Version 1 alone, frames of 60,000 bytes, a credit of 1 MiB, no features. */
const HELLO = '0100000000000010' + '00010001' + '0000ea60' + '00100000' + '00000000'
const NO_HAVE = '1300000100000006' + '000000000000'
/** Segment 0 is whole. */
const ONE_HAVE = '130000010000000e' + '000100000000' + '0000000000000001'
const PIECE = 16_000

const u32 = (value: number): string => value.toString(16).padStart(8, '0')
const join = (swarm: string): string => `1000000100000022${swarm}0000`
const request = (id: number, segment: number, block: number): string => `210000010000000e${u32(id)}${u32(segment)}0001${u32(block)}`
const credit = (bytes: number): string => `2400000000000004${u32(bytes)}`
const pong = (nonce: string): string => `0400000000000004${nonce}`
const head = (envelope: string): string => `15000001${u32(envelope.length / 2)}${envelope}`

/** Blocks of a content that the client holds, by segment and number. */
export interface Held {
  readonly swarm: string
  /** Signed envelope, in hex. */
  readonly envelope: string
  block (segment: number, block: number): Uint8Array | undefined
}

interface Frame { readonly type: number, readonly handle: number, readonly payload: Buffer }

export class WireOne {
  readonly #libp2p: Libp2p
  readonly #frames: Frame[] = []
  #control: Stream | undefined
  #data: Stream | undefined
  #held: Held | undefined
  #wake: () => void = () => {}
  /** What the other end said in its GOODBYE. */
  goodbye: string | undefined

  private constructor (libp2p: Libp2p) {
    this.#libp2p = libp2p
  }

  static async start (): Promise<WireOne> {
    const libp2p = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() }
    })
    const client = new WireOne(libp2p)
    await libp2p.handle(PROTOCOL, async (stream, connection) => {
      client.#listen(stream)
      await client.#greet(connection)
    }, { maxInboundStreams: 8 })
    return client
  }

  get addr (): string {
    return this.#libp2p.getMultiaddrs().map(String)[0] ?? ''
  }

  async stop (): Promise<void> {
    await this.#libp2p.stop()
  }

  hold (held: Held): void {
    this.#held = held
  }

  async connect (addr: string): Promise<void> {
    await this.#greet(await this.#libp2p.dial(multiaddr(addr)))
    await this.#frame(({ type, payload }) => type === 0x01 && payload.readUInt16BE(2) <= 1 && payload.readUInt16BE(0) >= 1)
  }

  /** The signed envelope that the other end has. */
  async enter (swarm: string): Promise<Buffer> {
    this.#say(join(swarm), NO_HAVE)
    const { handle } = await this.#frame(({ type, payload }) => type === 0x10 && payload.subarray(0, 32).toString('hex') === swarm)
    return (await this.#frame(({ type, handle: of }) => type === 0x15 && of === handle)).payload
  }

  /** One block, by its SHA-256 in hex. */
  async ask (id: number, segment: number, block: number, digest: string): Promise<Buffer> {
    this.#say(request(id, segment, block))
    const parts: Buffer[] = []
    for (let received = 0; ;) {
      const { type, payload } = await this.#frame(({ type, payload }) => (type === 0x20 || type === 0x22) && payload.readUInt32BE(0) === id)
      if (type === 0x22) throw new Error(`block ${block} of segment ${segment} was refused: reason ${payload.readUInt8(4)}`)
      if (payload.readUInt32BE(4) !== block || payload.readUInt32BE(8) !== received) throw new Error('DATA out of order')
      parts.push(payload.subarray(16))
      received += payload.byteLength - 16
      if (received < payload.readUInt32BE(12)) continue
      const bytes = Buffer.concat(parts)
      if (createHash('sha256').update(bytes).digest('hex') !== digest) throw new Error('another hash')
      this.#say(credit(bytes.byteLength))
      return bytes
    }
  }

  async #greet (connection: Connection): Promise<void> {
    if (this.#control !== undefined) return
    this.#control = await connection.newStream(PROTOCOL)
    this.#say(HELLO)
  }

  #say (...frames: readonly string[]): void {
    if (this.#control?.status === 'open') this.#control.send(Buffer.from(frames.join(''), 'hex'))
  }

  /** The next that is so; the others are left for later. */
  async #frame (test: (frame: Frame) => boolean): Promise<Frame> {
    for (const end = performance.now() + 60_000; ;) {
      const at = this.#frames.findIndex(test)
      if (at >= 0) return this.#frames.splice(at, 1)[0] as Frame
      if (this.goodbye !== undefined) throw new Error(`the other end said goodbye: ${this.goodbye}`)
      if (performance.now() > end) throw new Error('the frame did not come within 60 s')
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, 1000)
        this.#wake = () => { clearTimeout(timer); resolve() }
      })
    }
  }

  #listen (stream: Stream): void {
    let rest = Buffer.alloc(0)
    stream.addEventListener('message', ({ data }) => {
      rest = Buffer.concat([rest, data.subarray()])
      for (; rest.byteLength >= 8 && rest.byteLength >= 8 + rest.readUInt32BE(4); rest = rest.subarray(8 + rest.readUInt32BE(4))) {
        const payload = Buffer.from(rest.subarray(8, 8 + rest.readUInt32BE(4)))
        this.#got({ type: rest.readUInt8(0), handle: rest.readUInt16BE(2), payload })
      }
    })
  }

  #got (frame: Frame): void {
    const { type, payload } = frame
    if (type === 0x03) this.#say(pong(payload.subarray(0, 4).toString('hex')))
    else if (type === 0x02) this.goodbye = payload.toString()
    else if (type === 0x10 && payload.subarray(0, 32).toString('hex') === this.#held?.swarm) {
      this.#say(join(this.#held.swarm), ONE_HAVE, head(this.#held.envelope))
    } else if (type === 0x21) void this.#serve(payload)
    this.#frames.push(frame)
    this.#wake()
  }

  async #serve (payload: Buffer): Promise<void> {
    const [id, segment, count] = [payload.readUInt32BE(0), payload.readUInt32BE(4), payload.readUInt16BE(8)]
    const [connection] = this.#libp2p.getConnections()
    this.#data ??= await connection?.newStream(PROTOCOL)
    for (let i = 0; i < count; i++) {
      const block = payload.readUInt32BE(10 + 4 * i)
      const bytes = this.#held?.block(segment, block)
      if (bytes === undefined) {
        this.#say(`220000000000000b${u32(id)}010001${u32(block)}`)
        continue
      }
      for (let offset = 0; offset < bytes.byteLength; offset += PIECE) {
        const piece = bytes.subarray(offset, offset + PIECE)
        const fields = `${u32(16 + piece.byteLength)}${u32(id)}${u32(block)}${u32(offset)}${u32(bytes.byteLength)}`
        this.#data?.send(Buffer.concat([Buffer.from(`20000000${fields}`, 'hex'), piece]))
      }
    }
  }
}
