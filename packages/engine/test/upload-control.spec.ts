import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import { Ledger } from '@shoal/ledger'
import type { Session } from '@shoal/interface'
import { Alarm } from '../src/alarm.js'
import { BackOff } from '../src/back-off.js'
import { BACK_OFF_LEAST_BPS, BACK_OFF_TARGET_MS, DEFAULT_UPLOAD, STALE_BLOCKS } from '../src/defaults.js'
import { Honesty } from '../src/honesty.js'
import { Queueing } from '../src/queueing.js'
import { inSameNetwork } from '../src/same-network.js'
import type { UploadLimits } from '../src/types.js'
import { UploadControl } from '../src/upload-control.js'

const { signal } = new AbortController()

describe('upload control', () => {
  interface Setup {
    clock: ManualClock
    control: UploadControl
    told: [string, boolean][]
    press: (pressed: boolean, rate?: number) => void
  }

  function setup (limits: Partial<UploadLimits>): Setup {
    const clock = new ManualClock(Date.UTC(2026, 10, 30, 23))
    const ledger = new Ledger({ clock })
    const told: [string, boolean][] = []
    let pressed = false
    let upRate = 1_000_000
    const control = new UploadControl({
      clock,
      alarm: new Alarm(clock),
      ledger,
      limits: { ...DEFAULT_UPLOAD, ...limits },
      standing: () => ({ claim: 0, passes: 0, host: undefined, fresh: false, weak: false }),
      sessions: () => [],
      upRate: () => upRate,
      pressed: () => pressed,
      changed: (peer, choked) => { told.push([peer, choked]) },
      turned: () => { told.push(['all', !control.gives]) }
    })
    return { clock, control, told, press (now, rate = upRate) { [pressed, upRate] = [now, rate] } }
  }

  it('gives what it may in a month, then nothing until the next begins', () => {
    const { clock, control, told } = setup({ monthly: 100_000 })
    expect(control.choked('a')).to.equal(false)
    void control.acquire('a', 60_000, signal)
    expect([control.gives, control.status.month]).to.deep.equal([true, 60_000])
    void control.acquire('a', 60_000, signal)
    expect([control.gives, control.choked('a'), control.status.rateNow, told]).to.deep.equal([false, true, 0, [['a', true], ['all', true]]])
    clock.advance(3_600_000)
    expect([control.gives, control.status.month, control.choked('b')]).to.deep.equal([true, 0, false])
  })

  it('takes new limits while it runs', () => {
    const { control, told } = setup({})
    expect([control.choked('a'), control.choked('b')]).to.deep.equal([false, false])
    control.set({ slots: 1 })
    expect(told).to.have.length(1)
    control.set({ rate: 0 })
    expect([control.gives, control.choked('a'), control.choked('b')]).to.deep.equal([false, true, true])
    control.set({ rate: 1_000_000, slots: 2, monthly: Infinity })
    expect([control.gives, control.choked('a'), control.choked('b')]).to.deep.equal([true, false, false])
    expect(control.status).to.deep.include({ rate: 1_000_000, rateNow: 1_000_000, slots: 2 })
  })

  it('makes room for readers of its own, and takes it back', () => {
    const { clock, control, press } = setup({})
    press(true)
    for (let s = 0; s < 3; s++) {
      void control.acquire('a', 1000, signal)
      clock.advance(1000)
    }
    expect(control.status.rateNow).to.be.at.most(500_000)
    press(false)
    clock.advance(120_000)
    expect(control.status.rateNow).to.equal(Infinity)
  })

  it('gives half for as long as readers of its own wait: else a swarm that is late once would stay so', () => {
    const { clock, control, press } = setup({})
    for (let s = 0; s < 60; s++) {
      // what goes out is what is held back to
      press(s % 10 !== 9, Math.min(1_000_000, control.status.rateNow))
      void control.acquire('a', 1000, signal)
      clock.advance(1000)
    }
    expect(control.status.rateNow).to.be.at.least(500_000)
  })
})

describe('back-off', () => {
  it('gives way to queues, never wholly, and comes back slowly', () => {
    const backOff = new BackOff()
    backOff.measured({ queueing: BACK_OFF_TARGET_MS / 2, rate: 1_000_000 })
    expect(backOff.rate).to.equal(Infinity)
    backOff.measured({ queueing: 2 * BACK_OFF_TARGET_MS, rate: 1_000_000 })
    expect(backOff.rate).to.equal(500_000)
    backOff.measured({ queueing: 0, rate: 500_000 })
    expect(backOff.rate).to.be.closeTo(550_000, 1)
    for (let i = 0; i < 50; i++) backOff.measured({ queueing: 1e6, rate: 1_000_000 })
    expect(backOff.rate).to.equal(BACK_OFF_LEAST_BPS)
  })

  it('goes by what the round trips of all sessions have in common', () => {
    const queueing = new Queueing()
    const at = (...rtts: number[]): Session[] =>
      rtts.map((rtt, i) => Object.assign(sessions[i] as Session, { stats: { rtt }, limited: false }))
    const sessions = [{}, {}] as unknown as Session[]
    expect(queueing.measured(at(20, 80))).to.equal(undefined)
    expect(queueing.measured(at(120, 90))).to.equal(10)
    expect(queueing.measured(at(120, 90))).to.equal(undefined)
    expect(queueing.measured(at(221, 280))).to.equal(200)
  })
})

describe('honesty', () => {
  it('forgives what may be stale, and no more', () => {
    const clock = new ManualClock()
    const honesty = new Honesty(clock)
    for (let i = 0; i < STALE_BLOCKS; i++) expect(honesty.missing('a')).to.equal(false)
    expect([honesty.missing('a'), honesty.missing('b')]).to.deep.equal([true, false])
    clock.advance(2_000)
    expect(honesty.missing('a')).to.equal(false)
  })
})

describe('same network', () => {
  it('is told by the address of the connection', () => {
    for (const addr of ['/ip4/10.1.2.3/tcp/1', '/ip4/192.168.0.9/udp/1', '/ip4/172.31.0.1/tcp/1', '/ip6/fd00::1/tcp/1', '/ip6/fe80::1/tcp/1']) {
      expect(inSameNetwork(addr), addr).to.equal(true)
    }
    const relayed = '/ip4/10.0.0.1/tcp/1/p2p/x/p2p-circuit'
    for (const addr of ['/ip4/8.8.8.8/tcp/1', '/ip4/172.32.0.1/tcp/1', '/ip6/2001:db8::1/tcp/1', '/dns4/a/tcp/1', relayed]) {
      expect(inSameNetwork(addr), addr).to.equal(false)
    }
  })
})
