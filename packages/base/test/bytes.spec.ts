import { expect } from 'chai'
import fc from 'fast-check'
import { equalBytes, fromHex, toHex, uncleared } from '../src/bytes.js'

describe('hex', () => {
  it('reads what it writes', () => {
    expect(toHex(Uint8Array.of(0, 1, 0xab, 0xff))).to.equal('0001abff')
    fc.assert(fc.property(fc.uint8Array(), bytes => {
      expect(fromHex(toHex(bytes))).to.deep.equal(bytes)
    }))
  })

  it('refuses what is not lower-case hex of whole bytes', () => {
    for (const text of ['0', 'AB', '0x00', 'zz', ' 00', '00\n', '٠٠']) expect(fromHex(text), text).to.equal(undefined)
    expect(fromHex('')).to.deep.equal(new Uint8Array())
  })

  it('answers to any text with bytes or undefined', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => {
      const bytes = fromHex(text)
      if (bytes !== undefined) expect(toHex(bytes)).to.equal(text)
    }))
  })
})

describe('equalBytes', () => {
  it('compares by value, over views too', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.nat(8), (bytes, offset) => {
      const copy = new Uint8Array(bytes.byteLength + offset)
      copy.set(bytes, offset)
      expect(equalBytes(bytes, copy.subarray(offset))).to.equal(true)
    }))
  })

  it('notices any one changed byte and any other length', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, change) => {
      const other = bytes.slice()
      const index = at % bytes.byteLength
      other[index] = (bytes[index] as number) ^ change
      expect(equalBytes(bytes, other)).to.equal(false)
      expect(equalBytes(bytes, bytes.subarray(1))).to.equal(false)
    }))
  })
})

describe('uncleared', () => {
  it('gives plain arrays of their own memory', () => {
    for (const length of [0, 1, 262_144]) {
      const bytes = uncleared(length)
      expect(Object.getPrototypeOf(bytes)).to.equal(Uint8Array.prototype)
      expect([bytes.byteLength, bytes.buffer.byteLength]).to.deep.equal([length, length])
    }
  })
})
