import { expect } from 'chai'
import fc from 'fast-check'
import { judgeDevice, type DeviceFacts } from '../src/device.js'

const desk: DeviceFacts = {
  phone: false, saveData: undefined, connection: undefined, effectiveType: undefined, battery: undefined,
  memory: undefined, hidden: false, sleepy: false
}
const full = { charging: true, level: 1 }
const phone: DeviceFacts = { ...desk, phone: true, saveData: false, connection: 'wifi', effectiveType: '4g', battery: full, memory: 4 }

describe('what a device can afford', () => {
  const cases: [string, DeviceFacts, string, string][] = [
    ['a desktop that says nothing', desk, 'full', 'nothing speaks against it'],
    ['a phone on Wi-Fi', phone, 'full', 'nothing speaks against it'],
    ['the user saves data', { ...desk, saveData: true }, 'off', 'the user asked to save data'],
    ['cellular', { ...phone, connection: 'cellular' }, 'off', 'the connection is metered'],
    ['through a phone, by Bluetooth', { ...desk, connection: 'bluetooth' }, 'off', 'the connection is metered'],
    ['2g', { ...phone, effectiveType: '2g' }, 'off', 'the connection is slow'],
    ['a low battery', { ...phone, battery: { charging: false, level: 0.19 } }, 'off', 'the battery is low'],
    ['a low battery that is charging', { ...phone, battery: { charging: true, level: 0.01 } }, 'full', 'nothing speaks against it'],
    ['half a battery', { ...desk, battery: { charging: false, level: 0.4 } }, 'download', 'the battery is half empty'],
    ['most of a battery', { ...phone, battery: { charging: false, level: 0.5 } }, 'full', 'nothing speaks against it'],
    ['little memory', { ...phone, memory: 1 }, 'download', 'the device has little memory'],
    ['a hidden tab', { ...desk, hidden: true }, 'full', 'nothing speaks against it'],
    ['a hidden tab that sleeps', { ...desk, hidden: true, sleepy: true }, 'download', 'the page sleeps in the background'],
    ['a busy page in front', { ...desk, sleepy: true }, 'full', 'nothing speaks against it'],
    ['a hidden tab of a phone', { ...phone, hidden: true }, 'download', 'the page of a phone is in the background'],
    ['a phone without the Network Information API', { ...phone, connection: undefined }, 'download', 'a phone does not say what it is connected to'],
    ['a phone without the Battery API', { ...phone, battery: undefined }, 'download', 'a phone does not say how full its battery is'],
    ['several at once', { ...phone, memory: 0.5, saveData: true, hidden: true }, 'off', 'the user asked to save data']
  ]
  for (const [name, facts, sharing, reason] of cases) {
    it(`${name}: ${sharing}`, () => { expect(judgeDevice(facts)).to.deep.equal({ sharing, reason }) })
  }

  it('never shares more because less is known', () => {
    const optional = <T> (of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined })
    const facts = fc.record({
      phone: fc.constant(true),
      saveData: fc.constant(false),
      connection: optional(fc.constantFrom('wifi', 'ethernet', 'unknown')),
      effectiveType: optional(fc.constantFrom('3g', '4g')),
      battery: optional(fc.record({ charging: fc.boolean(), level: fc.double({ min: 0.5, max: 1, noNaN: true }) })),
      memory: optional(fc.constantFrom(0.5, 1, 4)),
      hidden: fc.boolean(),
      sleepy: fc.boolean()
    })
    fc.assert(fc.property(facts, fc.constantFrom('connection', 'battery'), (known, forgotten) => {
      const less = judgeDevice({ ...known, [forgotten]: undefined }).sharing
      expect(less === 'full').to.equal(false)
    }))
  })
})
