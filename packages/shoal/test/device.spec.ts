import { ManualClock, type Clock } from '@shoal/base'
import { expect } from 'chai'
import { watchDevice, type Device } from '../src/browser/device.js'

const DESK = 'Mozilla/5.0 (X11; Linux x86_64)'

describe('the device', () => {
  function change (target: EventTarget, event: string, facts: object): void {
    Object.assign(target, facts)
    target.dispatchEvent(new Event(event))
  }
  const page = (): EventTarget & { hidden: boolean } => Object.assign(new EventTarget(), { hidden: false })

  it('says what it can afford, and whenever that changes', async () => {
    const connection = Object.assign(new EventTarget(), { saveData: false, type: 'wifi' })
    const battery = Object.assign(new EventTarget(), { charging: false, level: 0.9 })
    const told: string[] = []
    const device: Device = { userAgent: DESK, connection, getBattery: () => Promise.resolve(battery) }
    const stop = await watchDevice(({ sharing, reason }) => { told.push(`${sharing}: ${reason}`) }, new ManualClock(), device, page())
    change(connection, 'change', { saveData: true })
    change(battery, 'levelchange', { level: 0.1 })
    change(connection, 'change', { saveData: false, type: 'cellular' })
    change(connection, 'change', { type: 'wifi' })
    change(battery, 'levelchange', { level: 0.3 })
    change(battery, 'chargingchange', { charging: true })
    stop()
    change(connection, 'change', { saveData: true })
    expect(told).to.deep.equal([
      'full: nothing speaks against it', 'off: the user asked to save data', 'off: the connection is metered', 'off: the battery is low',
      'download: the battery is half empty', 'full: nothing speaks against it'
    ])
  })

  it('is careful with a phone whose browser has none of this', async () => {
    const told: string[] = []
    const device: Device = { userAgent: 'Mozilla/5.0 (iPhone) Mobile/15E148', getBattery: () => Promise.reject(new Error('not allowed')) }
    const stop = await watchDevice(({ sharing }) => { told.push(sharing) }, new ManualClock(), device, page())
    stop()
    expect(told).to.deep.equal(['download'])
  })

  it('notices that a hidden page sleeps, and that it woke', async () => {
    let now = 0
    let timers: (() => void)[] = []
    const clock: Clock = {
      now: () => now,
      wall: () => now,
      after (_ms, fn) {
        timers.push(fn)
        return () => { timers = timers.filter(timer => timer !== fn) }
      }
    }
    /** Time in which the browser fires nothing until its end. */
    const pass = (ms: number): void => {
      now += ms
      for (const fire of timers.splice(0)) fire()
    }
    const view = page()
    const told: string[] = []
    const stop = await watchDevice(({ sharing, reason }) => { told.push(`${sharing}: ${reason}`) }, clock, { userAgent: DESK }, view)
    // in front the page may be as busy as it likes
    pass(60_000)
    change(view, 'visibilitychange', { hidden: true })
    for (let i = 0; i < 10; i++) pass(2_500)
    expect(told).to.deep.equal(['full: nothing speaks against it'])
    pass(60_000)
    expect(told.at(-1)).to.equal('download: the page sleeps in the background')
    change(view, 'visibilitychange', { hidden: false })
    expect(told.at(-1)).to.equal('full: nothing speaks against it')
    stop()
  })
})
