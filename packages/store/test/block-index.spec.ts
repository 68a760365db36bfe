import { toHex } from '@shoal/base'
import { StoreFullError } from '@shoal/interface'
import { expect } from 'chai'
import fc from 'fast-check'
import { BlockIndex } from '../src/block-index.js'
import { blockName, parseBlockName } from '../src/block-name.js'
import { DigestTable } from '../src/digest-table.js'

/** Few different ones, that share their first bytes, so that they meet in the table. */
function digest (n: number): Uint8Array {
  const bytes = new Uint8Array(32)
  bytes[0] = n % 3
  bytes[31] = n
  return bytes
}

describe('digest table', () => {
  it('behaves like a map of lists, duplicates and growth included', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 400 }), fc.nat(), (steps, salt) => {
      const table = new DigestTable(() => salt / 0x7fff_ffff)
      const model = new Map<number, string>()
      for (const [add, n] of steps) {
        if (add) {
          const slot = table.add(digest(n))
          expect(model.has(slot)).to.equal(false)
          model.set(slot, toHex(digest(n)))
        } else {
          const slot = table.find(digest(n))
          expect(slot === -1 ? undefined : model.get(slot)).to.equal([...model.values()].find(hex => hex === toHex(digest(n))))
          if (slot === -1) continue
          table.remove(slot)
          model.delete(slot)
        }
      }
      for (const [slot, hex] of model) {
        expect(toHex(table.digest(slot))).to.equal(hex)
        expect(table.find(table.digest(slot), found => found === slot)).to.equal(slot)
      }
    }))
  })

  it('takes nothing that is no digest', () => {
    const table = new DigestTable()
    expect(table.find(new Uint8Array(31))).to.equal(-1)
    expect(() => table.add(new Uint8Array(33))).to.throw(RangeError)
  })
})

describe('block index', () => {
  it('counts what is reserved as used until it is committed or cancelled', () => {
    const index = new BlockIndex(10, 1)
    index.reserve(6, 0)
    expect(() => index.reserve(5, 0)).to.throw(StoreFullError)
    index.cancel(6)
    index.reserve(5, 0)
    index.commit(digest(1), 5)
    expect(index.used).to.equal(5)
  })

  it('clears a batch at once, of so many blocks at most unless more are needed', () => {
    const index = new BlockIndex(100, 1)
    for (let n = 0; n < 100; n++) index.add(digest(n), 1)
    expect(index.reserve(1, 0, { wanted: 25, blocks: 50 })).to.have.length(25)
    expect(index.used).to.equal(76)
    expect(index.reserve(30, 0, { wanted: 50, blocks: 10 })).to.have.length(10)
    expect(index.reserve(30, 0, { wanted: 50, blocks: 10 })).to.have.length(26)
  })
})

describe('block name', () => {
  it('is read as it was written, and nothing else is read', () => {
    const expiries = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff }))
    const digests = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(fc.property(digests, fc.integer({ min: 1, max: 262_144 }), expiries, (bytes, size, expiry) => {
      expect(parseBlockName(blockName(bytes, size, expiry))).to.deep.equal({ digest: bytes, size, expiry })
    }))
    const hex = 'a'.repeat(64)
    const wrong = [
      `${hex}.`, `${hex}.0`, `${hex}.01`, `${hex}.262145`, `${hex}.1.part`, `${hex.toUpperCase()}.1`, `a${hex}.1`, `${hex}.1.0`,
      `${hex}.1.4294967296`, `${hex}.1.1.1`
    ]
    for (const name of [7, undefined, '', hex, ...wrong]) {
      expect(parseBlockName(name)).to.equal(undefined)
    }
  })
})
