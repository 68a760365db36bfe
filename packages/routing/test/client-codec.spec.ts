import { expect } from 'chai'
import fc from 'fast-check'
import { fromHex, toHex } from '@shoal/base'
import { WireError } from '@shoal/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { ADD_PROVIDER, decodeMessage, encodeMessage, FIND_NODE, GET_PROVIDERS } from '../src/client/codec.js'
import { readPeer } from '../src/client/node.js'
import { readFields, writeFields } from '../src/client/protobuf.js'
import { K, MAX_ADDR_BYTES, MAX_NAMED_ADDRS, MAX_NAMED_PROVIDERS, MAX_PEER_ID_BYTES } from '../src/defaults.js'

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const OTHER = '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'

const bytes = fc.uint8Array({ maxLength: 50 })
const named = fc.record({
  id: fc.uint8Array({ minLength: 1, maxLength: MAX_PEER_ID_BYTES }),
  addrs: fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: MAX_NAMED_ADDRS })
})
const message = fc.record({
  type: fc.constantFrom(ADD_PROVIDER, GET_PROVIDERS, FIND_NODE),
  key: bytes,
  closer: fc.array(named, { maxLength: K }),
  providers: fc.array(named, { maxLength: 30 })
})

describe('DHT message codec', () => {
  it('brings back every message', () => {
    fc.assert(fc.property(message, message => { expect(decodeMessage(encodeMessage(message))).to.deep.equal(message) }))
  })

  it('brings back every field', () => {
    const field = fc.record({ field: fc.integer({ min: 1, max: 2 ** 29 - 1 }), value: fc.oneof(fc.maxSafeNat(), bytes) })
    fc.assert(fc.property(fc.array(field), fields => { expect([...readFields(writeFields(fields))]).to.deep.equal(fields) }))
  })

  it('writes and reads what other implementations do', () => {
    // encoded by @libp2p/kad-dht 16.4.5, with a cluster level, a record and the kind of a connection, which do not concern a client
    const theirs = '0804' + '5001' + '120401020304' + '1a03090909' + '420f' + '0a03aabbcc' + '1206047f00000106' + '1801'
    const read = decodeMessage(fromHex(theirs) as Uint8Array)
    expect(read).to.deep.equal({
      type: FIND_NODE,
      key: Uint8Array.of(1, 2, 3, 4),
      closer: [{ id: Uint8Array.of(0xaa, 0xbb, 0xcc), addrs: [Uint8Array.of(4, 127, 0, 0, 1, 6)] }],
      providers: []
    })
    const providers = [{ id: Uint8Array.of(3), addrs: [Uint8Array.of(4)] }]
    const ours = encodeMessage({ type: GET_PROVIDERS, key: Uint8Array.of(1, 2), closer: [], providers })
    expect(toHex(ours)).to.equal('0803' + '12020102' + '4a06' + '0a0103' + '120104')
  })

  it('passes over fields that it does not know', () => {
    const unknown = fc.array(fc.constantFrom('1a020102', '500a', '50ffffffffffffffffff01', '5d01020304', '590102030405060708', 'fa010141'))
    fc.assert(fc.property(message, unknown, unknown, (message, before, after) => {
      const bytes = fromHex(before.join('') + toHex(encodeMessage(message)) + after.join('')) as Uint8Array
      expect(decodeMessage(bytes)).to.deep.equal(message)
    }))
  })

  it('throws its own error at whatever else there is', () => {
    const changed = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 })
    const broken = fc.tuple(message, changed, fc.nat()).map(([message, changes, end]) => {
      const bytes = encodeMessage(message)
      for (const [at, value] of changes) bytes[at % bytes.byteLength] = value
      return bytes.subarray(0, end % (bytes.byteLength + 1))
    })
    fc.assert(fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 200 })), bytes => {
      try {
        const { closer, providers } = decodeMessage(bytes)
        for (const named of [...closer, ...providers]) readPeer(named)
      } catch (error) {
        expect(error).to.be.instanceOf(WireError)
      }
    }), { numRuns: 1000 })
    for (const wrong of ['0a', '08', '4205', '12ffffffff0f', '0b', '00', '4001', '0a0101', '08ffffffffffffffffffff01']) {
      expect(() => decodeMessage(fromHex(wrong) as Uint8Array), wrong).to.throw(WireError)
    }
  })

  it('takes no more peers and addresses than are of use', () => {
    const many = <T>(each: T): T[] => Array.from({ length: 1000 }, () => each)
    const named = { id: Uint8Array.of(1), addrs: [new Uint8Array(MAX_ADDR_BYTES + 1), ...many(Uint8Array.of(2))] }
    const message = { type: FIND_NODE, key: Uint8Array.of(1), closer: many(named), providers: many(named) }
    const { closer, providers } = decodeMessage(encodeMessage(message))
    expect([closer.length, providers.length]).to.deep.equal([K, MAX_NAMED_PROVIDERS])
    expect(closer[0]?.addrs).to.deep.equal(Array.from({ length: MAX_NAMED_ADDRS }, () => Uint8Array.of(2)))
    const nameless = [0, MAX_PEER_ID_BYTES + 1].map(length => ({ id: new Uint8Array(length), addrs: [] }))
    expect(decodeMessage(encodeMessage({ ...message, closer: nameless })).closer).to.deep.equal([])
  })

  it('reads peers, and of their addresses those that are theirs', () => {
    const id = peerIdFromString(PEER).toMultihash().bytes
    const addrs = ['/ip4/192.0.2.1/tcp/1', `/ip4/192.0.2.1/tcp/2/p2p/${PEER}`, `/ip4/192.0.2.1/tcp/3/p2p/${OTHER}`].map(text => multiaddr(text).bytes)
    const read = readPeer({ id, addrs: [...addrs, Uint8Array.of(255, 255, 3)] })
    expect(read?.peer.toString()).to.equal(PEER)
    expect(read?.addrs.map(String)).to.deep.equal([`/ip4/192.0.2.1/tcp/1/p2p/${PEER}`, `/ip4/192.0.2.1/tcp/2/p2p/${PEER}`])
    expect(readPeer({ id: Uint8Array.of(1, 2, 3), addrs: [] })).to.equal(undefined)
  })
})
