import { WireError, type HaveDelta, type RefuseReason } from '@shoal/interface'
import { toHex } from '@shoal/base'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  decodeMessage, encodeDataHeader, encodeMessage, FRAME_HEADER_BYTES, FrameReader, MAX_BLOCK_BYTES, MAX_CREDIT_BYTES, MAX_FRAME_BYTES,
  MAX_HEAD_BYTES, MAX_PURGE_BYTES, MAX_TOKEN_BYTES, MIN_CREDIT_BYTES, MIN_FRAME_CAP_BYTES, splitHave, splitHead, splitPex,
  type DataHeader, type FrameHeader, type FrameSink, type Message
} from '../src/index.js'

const u32 = fc.nat(2 ** 32 - 1)
const handle = fc.integer({ min: 1, max: 0xffff })
const reason = fc.constantFrom<RefuseReason>('not-found', 'busy', 'choked', 'unauthorised', 'retired', 'not-joined')
const blocks = fc.array(u32, { minLength: 1, maxLength: 50 })
const run = fc.record({ start: fc.nat(2 ** 31), count: fc.integer({ min: 1, max: 2 ** 31 }) }, { noNullPrototype: true })
const part = fc.record({
  segment: u32,
  first: fc.nat(2 ** 20).map(n => n * 8),
  bits: fc.uint8Array({ minLength: 1, maxLength: 40 })
}, { noNullPrototype: true })
const delta: fc.Arbitrary<HaveDelta> = fc.tuple(fc.array(run), fc.array(part), fc.array(run)).map(([complete, partial, dropped]) => (
  dropped.length > 0 ? { complete, partial, dropped } : { complete, partial }
))
const text = (max: number): fc.Arbitrary<string> => fc.string({ unit: 'binary', minLength: 1, maxLength: max / 4 })
const hint = fc.record({ peer: text(128), addrs: fc.array(text(200), { maxLength: 8 }) }, { noNullPrototype: true })
const hints = fc.array(hint, { maxLength: 32 })

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    version: fc.nat(0xffff),
    minVersion: fc.nat(0xffff),
    frameCap: fc.integer({ min: MIN_FRAME_CAP_BYTES, max: 2 ** 32 - 1 }),
    credit: fc.integer({ min: MIN_CREDIT_BYTES, max: MAX_CREDIT_BYTES }),
    features: u32
  }, { noNullPrototype: true }),
  fc.tuple(handle, fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.option(text(400), { nil: undefined })).map(
    ([handle, id, token]): Message => ({ type: 'join', handle, swarm: toHex(id), token })
  ),
  fc.tuple(handle, reason).map(([handle, reason]): Message => ({ type: 'join-refused', handle, reason })),
  fc.tuple(handle, delta, fc.boolean()).map(([handle, delta, more]): Message => ({ type: 'have', handle, delta, more, bytes: 0 })),
  fc.tuple(handle, u32).map(([handle, segment]): Message => ({ type: 'fetching', handle, segment })),
  fc.tuple(fc.constantFrom('head' as const, 'revoked' as const), handle, fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean()).map(
    ([type, handle, bytes, more]): Message => ({ type, handle, bytes, more })
  ),
  fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 1, maxLength: 300 })).map(
    ([id, bytes]): Message => ({ type: 'purge', swarm: toHex(id), bytes })
  ),
  fc.tuple(handle, hints).map(([handle, peers]): Message => ({ type: 'pex', handle, peers })),
  fc.tuple(fc.constantFrom('request' as const, 'subscribe' as const), handle, u32, u32, blocks).map(
    ([type, handle, id, segment, blocks]): Message => ({ type, handle, id, segment, blocks })
  ),
  fc.tuple(u32, reason, blocks).map(([id, reason, blocks]): Message => ({ type: 'refuse', id, reason, blocks })),
  fc.tuple(u32, blocks).map(([id, blocks]): Message => ({ type: 'cancel', id, blocks })),
  u32.map((bytes): Message => ({ type: 'credit', bytes })),
  fc.tuple(fc.constantFrom('ping' as const, 'pong' as const), u32).map(([type, nonce]): Message => ({ type, nonce })),
  text(256).map((reason): Message => ({ type: 'goodbye', reason })),
  fc.tuple(fc.constantFrom('leave' as const, 'choke' as const, 'unchoke' as const), handle).map(([type, handle]): Message => ({ type, handle }))
)

/** What a reader found, DATA with its bytes put together. */
class Found implements FrameSink {
  readonly messages: Message[] = []
  readonly data_: { header: DataHeader, bytes: number[], length: number }[] = []
  readonly pieces: Uint8Array[] = []
  readonly types: number[] = []

  control (header: FrameHeader, payload: Uint8Array): void {
    const message = decodeMessage(header, payload)
    if (message !== undefined) this.messages.push(message.type === 'have' ? { ...message, bytes: 0 } : message)
  }

  data (header: DataHeader, length: number): void {
    this.data_.push({ header, bytes: [], length })
  }

  piece (bytes: Uint8Array): void {
    this.pieces.push(bytes)
    this.data_.at(-1)?.bytes.push(...bytes)
  }

  skipped (type: number): void {
    this.types.push(type)
  }
}

function concat (parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => [...part]))
}

/** The bytes in chunks of random length, each in an array or a list as streams give them. */
const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 })
function cut (bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const length = lengths[i % lengths.length] as number
    chunks.push(bytes.subarray(at, at + length))
    at += length
  }
  return chunks
}

describe('wire', () => {
  it('every message comes back as it was, however the stream is cut', () => {
    fc.assert(fc.property(fc.array(message, { maxLength: 6 }), cuts, fc.boolean(), (messages, lengths, list) => {
      const found = new Found()
      const reader = new FrameReader(MAX_FRAME_BYTES, found)
      const chunks = cut(concat(messages.map(encodeMessage)), lengths)
      if (list) reader.push(chunks)
      else for (const chunk of chunks) reader.push(chunk)
      expect(found.messages).to.deep.equal(messages)
      expect(reader.partial).to.equal(false)
    }), { numRuns: 300 })
  })

  it('DATA is handed out in views of what arrived, between control frames', () => {
    const data = fc.tuple(u32, u32, fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(1000))
    fc.assert(fc.property(fc.array(fc.oneof(data, message), { maxLength: 6 }), cuts, (items, lengths) => {
      const expected: typeof Found.prototype.data_ = []
      const bytes = concat(items.flatMap(item => {
        if (!Array.isArray(item)) return [encodeMessage(item)]
        const [id, block, payload, offset] = item
        const header = { id, block, offset, total: MAX_BLOCK_BYTES }
        expected.push({ header, bytes: [...payload], length: payload.byteLength })
        return [encodeDataHeader(header, payload.byteLength), payload]
      }))
      const found = new Found()
      const reader = new FrameReader(MAX_FRAME_BYTES, found)
      for (const chunk of cut(bytes, lengths)) reader.push(chunk)
      expect(found.data_).to.deep.equal(expected)
      for (const piece of found.pieces) expect(piece.buffer).to.equal(bytes.buffer)
    }))
  })

  it('garbage is a WireError or nothing', () => {
    const frame = fc.tuple(fc.nat(0x40), fc.nat(1), fc.nat(3), fc.uint8Array({ maxLength: 80 })).map(
      ([type, flags, handle, payload]) => concat([Uint8Array.of(type, flags, 0, handle, 0, 0, 0, payload.byteLength), payload])
    )
    fc.assert(fc.property(fc.array(fc.oneof(frame, fc.uint8Array()), { maxLength: 5 }), cuts, (parts, lengths) => {
      const reader = new FrameReader(MAX_FRAME_BYTES, new Found())
      try {
        for (const chunk of cut(concat(parts), lengths)) reader.push(chunk)
      } catch (error) {
        expect(error).to.be.instanceOf(WireError)
      }
    }), { numRuns: 2000 })
  })

  it('a truncated or bent message is a WireError or another message', () => {
    fc.assert(fc.property(message, fc.nat(), fc.nat(255), fc.nat(), (message, at, value, keep) => {
      const bytes = encodeMessage(message)
      const payload = bytes.subarray(FRAME_HEADER_BYTES).slice(0, keep % bytes.byteLength)
      if (payload.byteLength > 0) payload[at % payload.byteLength] = value
      try {
        decodeMessage({ type: bytes[0] as number, flags: 0, handle: 1 }, payload)
      } catch (error) {
        expect(error).to.be.instanceOf(WireError)
      }
    }), { numRuns: 1000 })
  })

  it('a length is refused before a byte of the frame is taken', () => {
    const found = new Found()
    const header = Uint8Array.of(0x13, 0, 0, 1, 0, 0, 0, 0)
    new DataView(header.buffer).setUint32(4, MAX_FRAME_BYTES - FRAME_HEADER_BYTES + 1)
    expect(() => { new FrameReader(MAX_FRAME_BYTES, found).push(header) }).to.throw(WireError, /at most 60000 bytes/)
    new DataView(header.buffer).setUint32(4, MAX_FRAME_BYTES - FRAME_HEADER_BYTES)
    new FrameReader(MAX_FRAME_BYTES, found).push(header)
  })

  it('DATA must lie inside a block of at most 256 KiB and carry bytes', () => {
    const cases: [DataHeader, number][] = [
      [{ id: 1, block: 0, offset: 0, total: MAX_BLOCK_BYTES + 1 }, 10],
      [{ id: 1, block: 0, offset: 0, total: 0 }, 10],
      [{ id: 1, block: 0, offset: 5, total: 10 }, 6],
      [{ id: 1, block: 0, offset: 0, total: 10 }, 0]
    ]
    for (const [header, length] of cases) {
      expect(() => { new FrameReader(MAX_FRAME_BYTES, new Found()).push(encodeDataHeader(header, length)) }).to.throw(WireError)
    }
  })

  it('unknown types are passed over whatever their length, unknown trailing fields ignored', () => {
    const found = new Found()
    const reader = new FrameReader(MAX_FRAME_BYTES, found)
    const unknown = new Uint8Array(FRAME_HEADER_BYTES + 3000)
    unknown.set([0x7f, 0, 0, 0, 0, 0, 3000 >> 8, 3000 & 0xff])
    const longer = Uint8Array.of(0x24, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 9, 1, 2)
    for (const chunk of cut(concat([unknown, Uint8Array.of(0x7f, 0, 0, 0, 0, 0, 0, 0), longer]), [700])) reader.push(chunk)
    expect(found.types).to.deep.equal([0x7f, 0x7f])
    expect(found.messages).to.deep.equal([{ type: 'credit', bytes: 9 }])
    expect(decodeMessage({ type: 0x7f, flags: 0, handle: 0 }, new Uint8Array(3))).to.equal(undefined)
  })

  it('a have-map of any size travels in frames that fit, and nothing of it is lost', () => {
    fc.assert(fc.property(fc.array(run, { maxLength: 3000 }), fc.array(fc.nat(9000), { maxLength: 4 }), (complete, sizes) => {
      const partial = sizes.map((size, segment) => ({ segment, first: 8, bits: new Uint8Array(size + 1).map((_, i) => i) }))
      const messages = splitHave(5, { complete, partial, dropped: complete.slice(0, 5) }, MIN_FRAME_CAP_BYTES)
      const found = new Found()
      const reader = new FrameReader(MIN_FRAME_CAP_BYTES, found)
      for (const message of messages) reader.push(encodeMessage(message))
      expect(found.messages).to.have.length(messages.length)
      const haves = found.messages.filter(message => message.type === 'have')
      expect(haves.map(have => have.more)).to.deep.equal(haves.map((_, i) => i < haves.length - 1))
      expect(haves.flatMap(have => have.delta.complete)).to.deep.equal(complete)
      expect(haves.flatMap(have => have.delta.dropped ?? [])).to.deep.equal(complete.slice(0, 5))
      for (const { segment, first, bits } of partial) {
        const parts = haves.flatMap(have => have.delta.partial).filter(part => part.segment === segment)
        expect(concat(parts.map(part => part.bits))).to.deep.equal(bits)
        expect(parts.every((part, i) => part.first === first + 8 * 2048 * i)).to.equal(true)
      }
    }), { numRuns: 20 })
  })

  it('peers travel in frames that fit; what is too long is left out', () => {
    const peers = Array.from({ length: 100 }, (_, i) => ({ peer: `p${i}`, addrs: [...Array.from({ length: 10 }, () => 'a'.repeat(500)), 'b'.repeat(600)] }))
    const messages = splitPex(1, [...peers, { peer: 'x'.repeat(129), addrs: [] }], MIN_FRAME_CAP_BYTES)
    for (const message of messages) expect(encodeMessage(message).byteLength).to.be.at.most(MIN_FRAME_CAP_BYTES)
    const names = messages.flatMap(message => message.peers.map(({ peer }) => peer))
    expect(names).to.deep.equal(peers.map(({ peer }) => peer))
    expect(messages.flatMap(message => message.peers).every(({ addrs }) => addrs.length === 8)).to.equal(true)
  })

  it('a head is split and bounded', () => {
    const parts = splitHead(1, new Uint8Array(20_000), 16_000)
    expect(parts.map(head => [head.bytes.byteLength, head.more])).to.deep.equal([[15_992, true], [4008, false]])
    expect(() => splitHead(1, new Uint8Array(MAX_HEAD_BYTES + 1), 16_000)).to.throw(WireError)
    expect(() => splitHead(1, new Uint8Array(0), 16_000)).to.throw(WireError)
  })

  it('the longest purge fits the least frame, a longer one and none are refused', () => {
    const purge = (length: number): Message => ({ type: 'purge', swarm: 'ab'.repeat(32), bytes: new Uint8Array(length) })
    expect(encodeMessage(purge(MAX_PURGE_BYTES)).byteLength).to.be.at.most(MIN_FRAME_CAP_BYTES)
    const header: FrameHeader = { type: 0x31, flags: 0, handle: 0 }
    for (const length of [0, MAX_PURGE_BYTES + 1]) {
      expect(() => encodeMessage(purge(length))).to.throw(WireError)
      expect(() => decodeMessage(header, new Uint8Array(32 + length))).to.throw(WireError, /purge/)
    }
    expect(() => decodeMessage(header, new Uint8Array(31))).to.throw(WireError)
  })

  it('what a peer would refuse is refused here', () => {
    const bad: Message[] = [
      { type: 'join', handle: 1, swarm: 'zz', token: undefined },
      { type: 'join', handle: 1, swarm: 'ab'.repeat(32), token: 'x'.repeat(MAX_TOKEN_BYTES + 1) },
      { type: 'cancel', id: 1, blocks: [] },
      { type: 'cancel', id: 1, blocks: new Array<number>(1025).fill(0) }
    ]
    for (const message of bad) expect(() => encodeMessage(message)).to.throw(WireError)
  })

  it('a long reason is cut between characters', () => {
    const found = new Found()
    new FrameReader(MAX_FRAME_BYTES, found).push(encodeMessage({ type: 'goodbye', reason: `${'a'.repeat(255)}ü` }))
    expect(found.messages).to.deep.equal([{ type: 'goodbye', reason: 'a'.repeat(255) }])
  })

  it('a refusal for a reason of the future is a refusal', () => {
    expect(decodeMessage({ type: 0x11, flags: 0, handle: 1 }, Uint8Array.of(200))).to.deep.equal({ type: 'join-refused', handle: 1, reason: 'busy' })
  })
})
