import { expect } from 'chai'
import fc from 'fast-check'
import { toHex } from '@shoal/base'
import { decodeRecord, encodeRecord } from '../src/codec.js'
import { LedgerError } from '../src/errors.js'
import { decodeMonth, encodeMonth } from '../src/month.js'

const whole = fc.maxSafeNat()
const hundredths = fc.nat(2 ** 31 - 1).map(n => n / 100)
const swarm = fc.record({ swarm: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex), received: whole, sent: whole })
const record = fc.record({
  given: hundredths, taken: hundredths, at: whole, received: whole, sent: whole, wasted: whole, useful: whole, corrupt: whole,
  latency: hundredths, penalty: hundredths, bannedUntil: whole, swarms: fc.array(swarm, { maxLength: 4 })
})

describe('ledger records', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(record, each => { expect(decodeRecord(encodeRecord(each))).to.deep.equal(each) }))
  })

  it('are refused with a typed error when they are cut, changed or made up', () => {
    const read = (bytes: Uint8Array): void => {
      try {
        expect(encodeRecord(decodeRecord(bytes)).byteLength).to.be.at.most(bytes.byteLength)
      } catch (error) {
        expect(error).to.be.instanceOf(LedgerError).with.property('code', 'ERR_LEDGER')
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), read))
    fc.assert(fc.property(record, fc.nat(), fc.nat(255), (each, at, value) => {
      const bytes = encodeRecord(each)
      expect(() => decodeRecord(bytes.subarray(0, at % bytes.byteLength))).to.throw(LedgerError)
      expect(() => decodeRecord(Uint8Array.of(...bytes, 0))).to.throw(LedgerError)
      bytes[at % bytes.byteLength] = value
      read(bytes)
    }))
    expect(() => decodeRecord(Uint8Array.of(2))).to.throw('expected a record of version 1, got 2')
  })

  it('hold a month and its bytes', () => {
    fc.assert(fc.property(whole, bytes => { expect(decodeMonth(encodeMonth({ month: '2026-11', bytes }))).to.deep.equal({ month: '2026-11', bytes }) }))
    for (const text of ['', '2026-11', '2026-11 -1', '2026-11 1e9', '2026-11 99999999999999999', 'x']) {
      expect(decodeMonth(new TextEncoder().encode(text)), text).to.equal(undefined)
    }
  })
})
