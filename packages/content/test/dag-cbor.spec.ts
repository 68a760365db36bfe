import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { decodeDagCbor } from '../src/dag-cbor.js'

const cid = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digest => CID.createV1(0x71, createDigest(0x12, digest)))
const leaf = fc.oneof(
  fc.maxSafeInteger(), fc.nat(300), fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 300 }), fc.boolean(), fc.constant(null), cid)
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie('value'), { maxLength: 30 }), fc.dictionary(fc.string(), tie('value'), { maxKeys: 30 }))
}))

/** What the library takes and writes in the same way again, but for what manifests never hold. */
function byLibrary (bytes: Uint8Array): unknown {
  const decoded: unknown = dagCbor.decode(bytes)
  const again = dagCbor.encode(decoded)
  if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i])) throw new Error('not canonical')
  const beyond = (item: unknown): boolean => typeof item === 'bigint' || (typeof item === 'number' && !Number.isSafeInteger(item))
  JSON.stringify(decoded, (_, item: unknown) => {
    if (beyond(item)) throw new Error('beyond what is read here')
    return item
  })
  return decoded
}

/** The library drops one that a text begins with (@ipld/dag-cbor 10.0.2), though it is text like any other. */
function includesByteOrderMark (bytes: Uint8Array): boolean {
  return bytes.some((byte, at) => byte === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf)
}

describe('DAG-CBOR', () => {
  it('reads what the library writes', () => {
    fc.assert(fc.property(value, item => {
      fc.pre(!includesByteOrderMark(dagCbor.encode(item)))
      expect(decodeDagCbor(dagCbor.encode(item))).to.deep.equal(dagCbor.decode(dagCbor.encode(item)))
    }))
  })

  it('refuses, as RangeError, all that the library does not take and write in the same way again', () => {
    const damaged = fc.tuple(value, fc.nat(), fc.nat(255)).map(([item, at, byte]) => {
      const bytes = Uint8Array.from(dagCbor.encode(item))
      bytes[at % bytes.length] = byte
      return bytes
    })
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), damaged), bytes => {
      fc.pre(!includesByteOrderMark(bytes))
      let expected: unknown
      try {
        expected = byLibrary(bytes)
      } catch {
        expect(() => decodeDagCbor(bytes)).to.throw(RangeError)
        return
      }
      expect(decodeDagCbor(bytes)).to.deep.equal(expected)
    }), { numRuns: 2_000 })
  })

  it('keeps a byte order mark', () => {
    expect(decodeDagCbor(Uint8Array.of(0x63, 0xef, 0xbb, 0xbf))).to.equal('\ufeff')
  })

  it('refuses what is deeper than any manifest, and lengths that are lies, at once', () => {
    expect(() => decodeDagCbor(new Uint8Array(1_000_000).fill(0x81))).to.throw(RangeError, 'levels')
    expect(() => decodeDagCbor(Uint8Array.of(0x5a, 0xff, 0xff, 0xff, 0xff))).to.throw(RangeError, 'the end')
    expect(() => decodeDagCbor(Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff))).to.throw(RangeError, 'the end')
    expect(() => decodeDagCbor(Uint8Array.of(0x18, 0x17))).to.throw(RangeError, 'shortest')
    expect(() => decodeDagCbor(Uint8Array.of(0xf9, 0x3c, 0x00))).to.throw(RangeError)
  })
})
