import { expect } from 'chai'
import fc from 'fast-check'
import { ManualClock } from '@shoal/base'
import type { PenaltyReason } from '@shoal/interface'
import { Accounts } from '../src/accounts.js'
import { BAN_MS, HALF_LIFE_MS, PENALTIES, SWARMS_PER_PEER, TALLIES } from '../src/defaults.js'
import { swarmId } from './swarm-id.js'

const SWARM = swarmId(1)

describe('accounts', () => {
  it('counts what a plain model counts, whatever happens', () => {
    const peer = fc.integer({ min: 0, max: 7 }).map(n => `peer ${n}`)
    const step = fc.oneof(
      fc.record({ do: fc.constant('received' as const), peer, swarm: fc.nat(2), bytes: fc.nat(262_144) }),
      fc.record({ do: fc.constant('sent' as const), peer, swarm: fc.nat(2), bytes: fc.nat(262_144) }),
      fc.record({ do: fc.constant('wasted' as const), peer, swarm: fc.constant(0), bytes: fc.nat(1000) }),
      fc.record({ do: fc.constant('pass' as const), peer, swarm: fc.constant(0), bytes: fc.nat(100_000) })
    )
    fc.assert(fc.property(fc.array(step, { maxLength: 100 }), steps => {
      const clock = new ManualClock(1e12)
      const accounts = new Accounts(clock)
      interface Known { received: number, sent: number, wasted: number, useful: number, swarms: Map<string, [number, number]> }
      const model = new Map<string, Known>()
      for (const { do: what, peer: name, swarm, bytes } of steps) {
        if (what === 'pass') {
          clock.advance(bytes)
          continue
        }
        if (what === 'wasted' && bytes === 0) continue
        let known = model.get(name)
        if (known === undefined) model.set(name, known = { received: 0, sent: 0, wasted: 0, useful: 0, swarms: new Map() })
        const each = known.swarms.get(swarmId(swarm)) ?? [0, 0]
        if (what === 'wasted') {
          accounts.wasted(name, bytes)
          known.wasted += bytes
          continue
        }
        known.swarms.set(swarmId(swarm), each)
        if (what === 'received') {
          accounts.received(name, swarmId(swarm), bytes, 1, 10)
          known.received += bytes
          known.useful++
          each[0] += bytes
        } else {
          accounts.sent(name, swarmId(swarm), bytes)
          known.sent += bytes
          each[1] += bytes
        }
      }
      expect([...accounts.peers].sort()).to.deep.equal([...model.keys()].sort())
      for (const [name, { received, sent, wasted, useful, swarms }] of model) {
        const record = accounts.record(name)
        expect(record).to.include({ received, sent, wasted, useful })
        expect(Object.fromEntries(record?.swarms.map(({ swarm, ...sums }) => [swarm, [sums.received, sums.sent]]) ?? []))
          .to.deep.equal(Object.fromEntries(swarms))
        const { given, taken } = accounts.facts(name)
        expect(given).to.be.within(0, received)
        expect(taken).to.be.within(0, sent)
      }
    }))
  })

  it('never remembers more peers or swarms than its limits, and keeps those of which most is known', () => {
    const clock = new ManualClock()
    const accounts = new Accounts(clock, 50)
    for (let i = 0; i < 10; i++) for (let n = 0; n < 20; n++) accounts.received(`giver ${i}`, swarmId(n), 262_144, 1, 1)
    accounts.penalise('liar', 'corrupt-block')
    for (let i = 0; i < 1000; i++) accounts.sent(`passer-by ${i}`, SWARM, 1000)
    expect(accounts.size).to.equal(50)
    expect(accounts.banned('liar')).to.equal(true)
    for (let i = 0; i < 10; i++) {
      expect(accounts.record(`giver ${i}`)?.received).to.equal(20 * 262_144)
      expect(accounts.record(`giver ${i}`)?.swarms.map(({ swarm }) => swarm)).to.deep.equal([19, 18, 17, 16].map(swarmId))
      expect(accounts.record(`giver ${i}`)?.swarms).to.have.length(SWARMS_PER_PEER)
    }
  })

  it('knows what it has only tallied when it gives somebody up', () => {
    const accounts = new Accounts(new ManualClock(), 2)
    accounts.received('nearly nothing', SWARM, 1, 1, 10)
    accounts.received('giver', SWARM, 1e6, 1, 10)
    accounts.received('new', SWARM, 1e3, 1, 10)
    expect([...accounts.peers]).to.have.members(['giver', 'new'])
    expect(accounts.record('giver')?.received).to.equal(1e6)
  })

  it('loses nothing with more peers than it tallies at a time', () => {
    const accounts = new Accounts(new ManualClock())
    const peers = Array.from({ length: 3 * TALLIES }, (_, i) => `peer ${i}`)
    for (let round = 0; round < 3; round++) for (const peer of peers) accounts.sent(peer, SWARM, 100)
    expect(accounts.changes()).to.have.members(peers)
    expect(new Set(peers.map(peer => accounts.record(peer)?.sent))).to.deep.equal(new Set([300]))
  })

  it('lets what was given, taken and done fade, by halves', () => {
    const clock = new ManualClock()
    const accounts = new Accounts(clock)
    accounts.received('a', SWARM, 1000, 2, 30)
    accounts.sent('a', SWARM, 500)
    accounts.penalise('a', 'spam')
    clock.advance(HALF_LIFE_MS)
    expect(accounts.facts('a')).to.deep.include({ given: 1000, taken: 250, received: 1000, penalty: 10, latency: 30 })
    clock.advance(30 * HALF_LIFE_MS)
    expect(accounts.facts('a').penalty).to.be.below(1e-6)
  })

  it('calls fresh whoever neither gave nor took', () => {
    const accounts = new Accounts(new ManualClock())
    accounts.penalise('a', 'stalled')
    expect([accounts.fresh('a'), accounts.fresh('b')]).to.deep.equal([true, true])
    accounts.sent('a', SWARM, 1)
    expect(accounts.fresh('a')).to.equal(false)
  })
})

describe('penalties', () => {
  const setup = (): { clock: ManualClock, accounts: Accounts } => {
    const clock = new ManualClock()
    return { clock, accounts: new Accounts(clock, 100) }
  }

  it('sums misdeeds and lets them fade', () => {
    const { clock, accounts } = setup()
    accounts.penalise('a', 'spam')
    accounts.penalise('a', 'protocol-violation')
    expect(accounts.facts('a').penalty).to.equal(40)
    clock.advance(HALF_LIFE_MS)
    expect(accounts.facts('a').penalty).to.equal(20)
    for (const reason of Object.keys(PENALTIES) as PenaltyReason[]) {
      accounts.penalise(reason, reason)
      expect(accounts.banned(reason) || accounts.facts(reason).penalty > 0, reason).to.equal(true)
    }
  })

  it('shuts out at once for wrong bytes, in the end for repeated faults, and not for ever', () => {
    const { clock, accounts } = setup()
    accounts.penalise('liar', 'corrupt-block')
    for (let i = 0; i < 4; i++) accounts.penalise('clumsy', 'protocol-violation')
    expect([accounts.banned('liar'), accounts.banned('clumsy'), accounts.suspect('clumsy')]).to.deep.equal([true, false, true])
    accounts.penalise('clumsy', 'protocol-violation')
    expect(accounts.banned('clumsy')).to.equal(true)
    expect(accounts.record('liar')?.corrupt).to.equal(1)
    clock.advance(BAN_MS + 1)
    expect([accounts.banned('liar'), accounts.banned('clumsy'), accounts.suspect('clumsy')]).to.deep.equal([false, false, false])
  })

  it('makes a suspect of a peer that only stalls, never more', () => {
    const { accounts } = setup()
    for (let i = 0; i < 1000; i++) accounts.penalise('slow', 'stalled')
    expect([accounts.suspect('slow'), accounts.banned('slow')]).to.deep.equal([true, false])
    accounts.penalise('slow', 'protocol-violation')
    accounts.penalise('slow', 'stalled')
    expect(accounts.facts('slow').penalty).to.equal(80)
  })

  it('remembers bans whatever many others do', () => {
    const { accounts } = setup()
    accounts.penalise('liar', 'bad-head')
    for (let i = 0; i < 5000; i++) accounts.penalise(`small ${i}`, 'stalled')
    expect([accounts.banned('liar'), accounts.record('small 0')]).to.deep.equal([true, undefined])
  })
})
