import { expect } from 'chai'
import fc from 'fast-check'
import { WireError, type CapacityClass, type SegmentRun } from '@shoal/interface'
import { decodeAnnouncement, encodeAnnouncement, type AnnouncementBody } from '../src/codec.js'

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const OTHER = '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'

const step = fc.record({ gap: fc.integer({ min: 1, max: 100_000 }), count: fc.integer({ min: 1, max: 5000 }) })
const runs = fc.array(step, { maxLength: 2000 })
  .map(steps => {
    let end = -1
    return steps.map(({ gap, count }): SegmentRun => {
      const start = end + gap
      end = start + count
      return { start, count }
    })
  })

function body (complete: readonly SegmentRun[], more: Partial<AnnouncementBody> = {}): AnnouncementBody {
  return { have: { complete, partial: [] }, capacity: 2, share: 0, addrs: [], sequence: 1, ttl: 60, ...more }
}

describe('announcement codec', () => {
  it('brings back what fits, the largest runs first', () => {
    const share01 = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(fc.property(runs, fc.nat(3), share01, fc.maxSafeNat(), fc.nat(172_800), (complete, capacity, share, sequence, ttl) => {
      const bytes = encodeAnnouncement(PEER, body(complete, { capacity: capacity as CapacityClass, share, sequence, ttl }))
      expect(bytes.byteLength).to.be.at.most(1024)
      const back = decodeAnnouncement(PEER, bytes)
      expect(back).to.include({ capacity, sequence, ttl })
      expect(back.share).to.be.closeTo(share, 1e-4)
      const kept = back.have.complete
      expect(complete).to.deep.include.members([...kept])
      const least = Math.min(...kept.map(({ count }) => count))
      const left = complete.filter(run => !kept.some(({ start }) => start === run.start))
      for (const { count } of left) expect(count).to.be.at.most(least)
      if (left.length > 0) expect(bytes.byteLength, 'room is used').to.be.above(1000)
    }), { numRuns: 50 })
  })

  it('does not touch the runs it was given', () => {
    const complete = Object.freeze([{ start: 5, count: 1 }, { start: 9, count: 9 }])
    expect(decodeAnnouncement(PEER, encodeAnnouncement(PEER, body(complete))).have.complete).to.deep.equal(complete)
  })

  it('carries three addresses at most, each with the signer at its end', () => {
    const encode = (...addrs: string[]): readonly string[] => decodeAnnouncement(PEER, encodeAnnouncement(PEER, body([], { addrs }))).addrs
    expect(encode('/ip4/8.8.8.8/tcp/1', `/ip4/8.8.8.8/tcp/2/p2p/${PEER}`, 'nonsense', `/ip4/8.8.8.8/tcp/3/p2p/${OTHER}`)).to.deep.equal([
      `/ip4/8.8.8.8/tcp/1/p2p/${PEER}`, `/ip4/8.8.8.8/tcp/2/p2p/${PEER}`
    ])
    const relayed = `/dns4/relay.example.com/tcp/443/wss/p2p/${OTHER}/p2p-circuit/webrtc`
    expect(encode(relayed, `${relayed}/p2p/${PEER}`)).to.deep.equal([`${relayed}/p2p/${PEER}`, `${relayed}/p2p/${PEER}`])
    expect(encode(...Array.from({ length: 9 }, (_, i) => `/ip4/8.8.8.8/tcp/${i + 1}`))).to.have.lengthOf(3)
    expect(encode(`/dns4/${'a.'.repeat(120)}com/tcp/443/wss/http-path/${'x'.repeat(30)}`)).to.deep.equal([])
  })

  it('passes over what later versions put behind', () => {
    const bytes = encodeAnnouncement(PEER, body([{ start: 3, count: 4 }]))
    expect(decodeAnnouncement(PEER, Uint8Array.of(...bytes, 9, 9, 9)).have.complete).to.deep.equal([{ start: 3, count: 4 }])
  })

  it('throws nothing but its own error, whatever comes', () => {
    const far = { start: 2 ** 31, count: 2 ** 31 }
    const valid = encodeAnnouncement(PEER, body([{ start: 1, count: 2 }, far], { addrs: ['/ip4/8.8.8.8/tcp/1'] }))
    const mutated = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map(changes => {
      const bytes = valid.slice()
      for (const [at, value] of changes) bytes[at] = value
      return bytes
    })
    const cut = fc.nat(valid.length).map(end => valid.slice(0, end))
    fc.assert(fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 1100 }), cut), bytes => {
      try {
        for (const { start, count } of decodeAnnouncement(PEER, bytes).have.complete) {
          expect(Number.isSafeInteger(start) && count > 0 && start + count <= 2 ** 32).to.equal(true)
        }
      } catch (error) {
        expect(error).to.be.instanceOf(WireError)
      }
    }), { numRuns: 500 })
    // what was said by a peer that knows of no cells may end behind the runs
    for (let end = 0; end < valid.length - 2; end++) expect(() => decodeAnnouncement(PEER, valid.slice(0, end))).to.throw(WireError)
    expect(() => decodeAnnouncement(PEER, Uint8Array.of(...valid.slice(0, -2), 13, 0)), 'too deep').to.throw(WireError)
    expect(() => decodeAnnouncement(PEER, Uint8Array.of(...valid.slice(0, -2), 1, 1, 9)), 'half a hint').to.throw(WireError)
  })

  it('carries the depth and a locality hint, and does without', () => {
    const hint = fc.option(fc.record({ site: fc.nat(0xfff), region: fc.nat(0xff) }), { nil: undefined })
    fc.assert(fc.property(fc.nat(12), hint, (depth, locality) => {
      const back = decodeAnnouncement(PEER, encodeAnnouncement(PEER, body([{ start: 3, count: 4 }], { depth, locality })))
      expect(back.depth).to.equal(depth)
      expect(back.locality).to.deep.equal(locality)
      expect(back.have.complete).to.deep.equal([{ start: 3, count: 4 }])
    }))
    const before = encodeAnnouncement(PEER, body([{ start: 3, count: 4 }])).slice(0, -2)
    expect(decodeAnnouncement(PEER, before)).to.deep.include({ depth: 0, have: { complete: [{ start: 3, count: 4 }], partial: [] } })
  })
})
