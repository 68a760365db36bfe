import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { ManualClock } from '@shoal/base'
import { BAN_MS, HALF_LIFE_MS } from '../src/defaults.js'
import { openLedger } from '../src/ledger.js'
import { swarmId } from './swarm-id.js'

const SWARM = swarmId(1)
const NOVEMBER = Date.UTC(2026, 10, 25)

describe('ledger', () => {
  it('knows after a restart what it knew before, as it has faded since', async () => {
    const datastore = new MemoryDatastore()
    const clock = new ManualClock(NOVEMBER)
    const before = await openLedger({ clock, datastore })
    before.accounts.received('giver', SWARM, 40_000_000, 1, 20)
    before.accounts.sent('giver', SWARM, 1000)
    before.accounts.penalise('liar', 'corrupt-block')
    before.month.add(1000, 0)
    expect(before.dirty).to.equal(true)
    await before.flush()
    expect(before.dirty).to.equal(false)
    const [score, entries] = [before.score('giver'), before.entries]

    const after = await openLedger({ clock: new ManualClock(NOVEMBER), datastore })
    expect(after.entries).to.have.deep.members(entries)
    expect([after.score('giver'), after.score('liar'), after.month.bytes]).to.deep.equal([score, -100, 1000])
    const later = await openLedger({ clock: new ManualClock(NOVEMBER + HALF_LIFE_MS), datastore })
    expect(later.accounts.facts('giver').given).to.equal(20_000_000)
    const past = await openLedger({ clock: new ManualClock(NOVEMBER + BAN_MS + 1), datastore })
    expect(past.accounts.banned('liar')).to.equal(false)
  })

  it('keeps no ban for longer because a clock was wrong', async () => {
    const datastore = new MemoryDatastore()
    const ahead = await openLedger({ clock: new ManualClock(NOVEMBER + 1e12), datastore })
    ahead.accounts.penalise('liar', 'corrupt-block')
    await ahead.flush()
    const clock = new ManualClock(NOVEMBER)
    const { accounts } = await openLedger({ clock, datastore })
    expect(accounts.banned('liar')).to.equal(true)
    clock.advance(BAN_MS + 1)
    expect(accounts.banned('liar')).to.equal(false)
  })

  it('drops what it cannot read, forgets what it made room for, and reads the rest', async () => {
    const datastore = new MemoryDatastore()
    const bad = new Key('/shoal/ledger/bad')
    await datastore.put(bad, Uint8Array.of(1, 2, 3))
    await datastore.put(new Key('/shoal/upload'), Uint8Array.of(255))
    const ledger = await openLedger({ clock: new ManualClock(NOVEMBER), datastore, limit: 2 })
    expect([ledger.entries, await datastore.has(bad), ledger.month.bytes]).to.deep.equal([[], false, 0])
    for (const peer of ['a', 'b', 'c']) {
      ledger.accounts.received(peer, SWARM, peer === 'b' ? 1 : 1000, 1, 1)
      await ledger.flush()
    }
    const again = await openLedger({ clock: new ManualClock(NOVEMBER), datastore })
    expect([...again.accounts.peers].sort()).to.deep.equal(['a', 'c'])
  })

  it('writes later what it could not write now', async () => {
    const datastore = new MemoryDatastore()
    const ledger = await openLedger({ clock: new ManualClock(NOVEMBER), datastore })
    ledger.accounts.sent('a', SWARM, 10)
    const { batch } = datastore
    datastore.batch = () => ({ put () {}, delete () {}, commit: () => Promise.reject(new Error('full')) })
    await ledger.flush().then(() => expect.fail('written'), (error: Error) => expect(error.message).to.equal('full'))
    expect(ledger.dirty).to.equal(true)
    datastore.batch = batch
    await ledger.flush()
    expect((await openLedger({ clock: new ManualClock(NOVEMBER), datastore })).accounts.record('a')?.sent).to.equal(10)
  })

  it('begins to count anew with each calendar month, and only then', async () => {
    const datastore = new MemoryDatastore()
    const clock = new ManualClock(Date.UTC(2026, 10, 30, 23, 59, 59))
    const ledger = await openLedger({ clock, datastore })
    ledger.month.add(500, clock.now())
    await ledger.flush()
    expect((await openLedger({ clock, datastore })).month.bytes).to.equal(500)
    clock.advance(999)
    expect([ledger.month.bytes, ledger.month.end]).to.deep.equal([500, Date.UTC(2026, 11)])
    clock.advance(1)
    expect([ledger.month.bytes, (await openLedger({ clock, datastore })).month.bytes]).to.deep.equal([0, 0])
  })
})
