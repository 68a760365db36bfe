import { expect } from 'chai'
import { watchDevice } from '../src/browser/device.js'

describe('the device', () => {
  it('says why it should share nothing, and when that is over', async () => {
    const connection = Object.assign(new EventTarget(), { saveData: false, type: 'wifi' })
    const battery = Object.assign(new EventTarget(), { charging: false, level: 0.9 })
    const told: (string | undefined)[] = []
    const stop = await watchDevice(reason => { told.push(reason) }, { connection, getBattery: () => Promise.resolve(battery) })
    const change = (target: EventTarget, event: string, facts: object): void => {
      Object.assign(target, facts)
      target.dispatchEvent(new Event(event))
    }
    change(connection, 'change', { saveData: true })
    change(battery, 'levelchange', { level: 0.1 })
    change(connection, 'change', { saveData: false, type: 'cellular' })
    change(connection, 'change', { type: 'wifi' })
    change(battery, 'chargingchange', { charging: true })
    stop()
    change(connection, 'change', { saveData: true })
    expect(told).to.deep.equal(['the user asked to save data', 'the connection is metered', 'the battery is low', undefined])
  })

  it('says nothing where the browser does not', async () => {
    const told: unknown[] = []
    const stop = await watchDevice(reason => { told.push(reason) }, { getBattery: () => Promise.reject(new Error('not allowed')) })
    stop()
    expect(told).to.deep.equal([])
  })
})
