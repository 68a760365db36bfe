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
  it('is a list of blocks in order of use, of which the pinned ones stay', () => {
    const quota = 20
    const step = fc.tuple(fc.constantFrom('put', 'put', 'put', 'touch', 'demote', 'remove', 'pin', 'unpin'), fc.nat(11), fc.integer({ min: 1, max: 9 }))
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const index = new BlockIndex(quota, 2)
      const cost = (size: number): number => size + size % 2
      /** From the least recently used. */
      let model: { n: number, size: number }[] = []
      const pins = new Map<number, number>()
      const pinned = (n: number): boolean => (pins.get(n) ?? 0) > 0
      const used = (): number => model.reduce((sum, { size }) => sum + cost(size), 0)
      for (const [what, n, size] of steps) {
        const slot = index.find(digest(n))
        const at = model.findIndex(each => each.n === n)
        expect(slot !== -1).to.equal(at !== -1)
        const toEnd = (): void => { model.push(...model.splice(at, 1)) }
        if (what === 'put' && slot === -1) {
          const expected: string[] = []
          let left = model
          while (used() + cost(size) - (used() - left.reduce((sum, each) => sum + cost(each.size), 0)) > quota) {
            const victim = left.find(each => !pinned(each.n))
            if (victim === undefined) break
            expected.push(toHex(digest(victim.n)))
            left = left.filter(each => each !== victim)
          }
          if (left.reduce((sum, each) => sum + cost(each.size), 0) + cost(size) > quota) {
            expect(() => index.reserve(size)).to.throw(StoreFullError)
          } else {
            expect(index.reserve(size).map(victim => toHex(victim.digest))).to.deep.equal(expected)
            index.commit(digest(n), size)
            model = [...left, { n, size }]
          }
        } else if (what === 'touch' && slot !== -1) {
          index.touch(slot)
          if (!pinned(n)) toEnd()
        } else if (what === 'demote') {
          index.demote(digest(n))
          if (at !== -1 && !pinned(n)) model.unshift(...model.splice(at, 1))
        } else if (what === 'remove' && slot !== -1) {
          index.remove(slot)
          model.splice(at, 1)
        } else if (what === 'pin') {
          index.pin(digest(n))
          pins.set(n, (pins.get(n) ?? 0) + 1)
        } else if (what === 'unpin') {
          index.unpin(digest(n))
          if (pins.get(n) === 1 && at !== -1) toEnd()
          pins.set(n, Math.max(0, (pins.get(n) ?? 0) - 1))
        }
        expect(index.used).to.equal(used())
      }
    }))
  })

  it('counts what is reserved as used until it is committed or cancelled', () => {
    const index = new BlockIndex(10, 1)
    index.reserve(6)
    expect(() => index.reserve(5)).to.throw(StoreFullError)
    index.cancel(6)
    index.reserve(5)
    index.commit(digest(1), 5)
    expect(index.used).to.equal(5)
  })

  it('clears a batch at once', () => {
    const index = new BlockIndex(100, 1)
    for (let n = 0; n < 100; n++) index.add(digest(n), 1)
    expect(index.reserve(1, 25)).to.have.length(25)
    expect(index.used).to.equal(76)
  })
})

describe('block name', () => {
  it('is read as it was written, and nothing else is read', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 1, max: 262_144 }), (bytes, size) => {
      expect(parseBlockName(blockName(bytes, size))).to.deep.equal({ digest: bytes, size })
    }))
    const hex = 'a'.repeat(64)
    for (const name of ['', hex, `${hex}.`, `${hex}.0`, `${hex}.01`, `${hex}.262145`, `${hex}.1.part`, `${hex.toUpperCase()}.1`, `a${hex}.1`]) {
      expect(parseBlockName(name)).to.equal(undefined)
    }
  })
})
