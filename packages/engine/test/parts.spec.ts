import { expect } from 'chai'
import fc from 'fast-check'
import { createHaveMap } from '@shoal/availability'
import { ManualClock } from '@shoal/base'
import { hashBlock } from '@shoal/content'
import { StoreFullError, type HaveMap, type VerifiedBlock } from '@shoal/interface'
import { memoryStore } from '@shoal/store'
import { Alarm } from '../src/alarm.js'
import { Choker, type Standing } from '../src/choker.js'
import { Completion } from '../src/completion.js'
import { EXCHANGED_MS, PENDING_WRITE_BYTES, SLOT_IDLE_MS, SLOT_TURN_MS, USELESS_MS } from '../src/defaults.js'
import { Holdings } from '../src/holdings.js'
import { hintsOf } from '../src/index.js'
import { Conduct } from '../src/neighbour.js'
import { SourceTally } from '../src/stats.js'
import { Uploads } from '../src/uploads.js'
import { randomBytes } from './bytes.js'

describe('alarm', () => {
  it('calls each owner once at its time, whatever the order of setting', () => {
    fc.assert(fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }), times => {
      const clock = new ManualClock()
      const alarm = new Alarm(clock)
      const rung: number[] = []
      for (const [i, at] of times.entries()) alarm.set(() => { rung.push(i); expect(clock.now()).to.be.at.least(at - 0.5) }, at)
      clock.advance(1001)
      expect(rung.toSorted((a, b) => a - b)).to.deep.equal(times.map((_, i) => i))
      clock.advance(5000)
      expect(rung).to.have.length(times.length)
    }))
  })

  it('calls everybody in time though others set theirs anew while they are called', () => {
    const clock = new ManualClock()
    const alarm = new Alarm(clock)
    const late: number[] = []
    const slow = (): void => { alarm.set(slow, clock.now() + 500) }
    alarm.set(slow, 10)
    const quick = (): void => { late.push(clock.now()) }
    for (const at of [30, 60, 520]) alarm.set(() => { quick() }, at)
    clock.advance(1000)
    expect(late).to.deep.equal([30, 60, 520])
  })

  it('moves and clears times', () => {
    const clock = new ManualClock()
    const alarm = new Alarm(clock)
    let rung = 0
    const owner = (): void => { rung++ }
    alarm.set(owner, 10)
    alarm.set(owner, 50)
    clock.advance(20)
    expect(rung).to.equal(0)
    alarm.soonest(owner, 100)
    clock.advance(40)
    expect(rung).to.equal(1)
    alarm.set(owner, 100)
    alarm.set(owner, undefined)
    clock.advance(100)
    expect(rung).to.equal(1)
  })
})

describe('choker', () => {
  interface Setup { clock: ManualClock, choker: Choker, changes: [string, boolean][], pass: (ms: number, askers: Iterable<string>) => void }

  function setup (slots: number): Setup {
    const clock = new ManualClock()
    const changes: [string, boolean][] = []
    const changed = (peer: string, choked: boolean): void => { changes.push([peer, choked]) }
    const standing = (): Standing => ({ claim: 0, passes: 0, host: undefined, fresh: false, weak: false })
    const choker = new Choker({ slots, clock, alarm: new Alarm(clock), standing, contended: () => false, openShare: () => 0.1, changed })
    const pass = (ms: number, askers: Iterable<string>): void => {
      for (const end = clock.now() + ms; clock.now() < end; clock.advance(500)) for (const peer of askers) choker.choked(peer)
    }
    return { clock, choker, changes, pass }
  }

  it('gives a waiting peer the slot of the one served longest, and says so to both', () => {
    const { choker, changes, pass } = setup(1)
    expect(choker.choked('a')).to.equal(false)
    expect(choker.choked('b')).to.equal(true)
    pass(SLOT_TURN_MS + 1_000, ['a'])
    expect(changes).to.deep.equal([['a', true], ['b', false]])
    expect([choker.choked('a'), choker.choked('b')]).to.deep.equal([true, false])
  })

  it('gives an idle slot away at once, and one of a peer that left', () => {
    const { clock, choker, changes } = setup(1)
    choker.choked('a')
    choker.choked('b')
    choker.gone('a')
    expect(changes).to.deep.equal([['b', false]])
    expect(choker.choked('c')).to.equal(true)
    clock.advance(SLOT_IDLE_MS + 1_000)
    expect(changes).to.deep.equal([['b', false], ['c', false]])
    clock.advance(60_000)
    expect(choker.choked('d')).to.equal(false)
  })

  it('serves three times as many peers as it has slots in turn, for the same time each', () => {
    const { clock, choker, pass } = setup(4)
    const peers = Array.from({ length: 12 }, (_, i) => `peer ${i}`)
    const served = new Map(peers.map(peer => [peer, 0]))
    const gap = new Map(peers.map(peer => [peer, 0]))
    const last = new Map(peers.map(peer => [peer, clock.now()]))
    for (let s = 0; s < 600; s++) {
      pass(1_000, peers)
      for (const peer of peers) {
        if (choker.choked(peer)) continue
        served.set(peer, (served.get(peer) ?? 0) + 1)
        gap.set(peer, Math.max(gap.get(peer) ?? 0, clock.now() - (last.get(peer) ?? 0)))
        last.set(peer, clock.now())
      }
    }
    expect(Math.max(...served.values())).to.be.at.most(1.1 * Math.min(...served.values()))
    // two others have their turn in between
    expect(Math.max(...gap.values())).to.be.at.most(2 * SLOT_TURN_MS + 4_000)
  })

  it('never serves more than it has slots, and leaves none empty while somebody waits', () => {
    const step = fc.tuple(fc.constantFrom('ask', 'ask', 'gone', 'pass'), fc.nat(9))
    fc.assert(fc.property(fc.nat(4), fc.array(step, { maxLength: 60 }), (slots, steps) => {
      const { clock, choker, changes } = setup(slots)
      const known = new Map<string, boolean>()
      for (const [what, n] of steps) {
        const peer = `peer ${n}`
        if (what === 'pass') clock.advance(n * 1_000)
        else if (what === 'ask') known.set(peer, choker.choked(peer))
        else {
          known.delete(peer)
          choker.gone(peer)
        }
        for (const [changed, choked] of changes.splice(0)) if (known.has(changed)) known.set(changed, choked)
        expect([...known.keys()].filter(name => !choker.choked(name)).length).to.be.at.most(slots)
        for (const [changed, choked] of changes.splice(0)) known.set(changed, choked)
        const serving = [...known.keys()].filter(name => !choker.choked(name)).length
        expect(serving).to.equal(Math.min(slots, known.size))
      }
    }))
  })
})

describe('uploads', () => {
  const setup = (rate: number): { clock: ManualClock, uploads: Uploads } => {
    const clock = new ManualClock()
    return { clock, uploads: new Uploads(rate, () => 1, clock, new Alarm(clock)) }
  }

  it('keeps the rate within 5 %', async () => {
    const { clock, uploads } = setup(1_000_000)
    const { signal } = new AbortController()
    let sent = 0
    const send = async (): Promise<void> => {
      for (;;) {
        await uploads.acquire('a', 60_000, signal)
        sent += 60_000
      }
    }
    void send()
    for (let ms = 0; ms < 20_000; ms += 10) {
      clock.advance(10)
      await Promise.resolve()
      await Promise.resolve()
    }
    // 20 s at 1 MB/s, and the burst of a quarter of a second
    expect(sent).to.be.within(19_000_000, 21_000_000)
  })

  it('forgets who waits for the rate when that ends', async () => {
    const { clock, uploads } = setup(1000)
    const abort = new AbortController()
    expect(uploads.acquire('a', 10_000, abort.signal)).to.equal(undefined)
    const waiting = uploads.acquire('a', 1000, abort.signal)
    abort.abort(new Error('gone'))
    await (waiting as Promise<void>).then(() => expect.fail('sent'), (error: Error) => expect(error.message).to.equal('gone'))
    clock.advance(60_000)
  })
})

describe('holdings', () => {
  it('reads what is still being written, and says when too much is', async () => {
    const store = memoryStore({ quota: 1 << 20 })
    await store.open()
    const holdings = new Holdings(store)
    let room = 0
    holdings.onroom = () => { room++ }
    const writes: PromiseWithResolvers<void>[] = []
    const blocks: VerifiedBlock[] = []
    const puts: Promise<void>[] = []
    for (let i = 0; i <= PENDING_WRITE_BYTES / 262_144; i++) {
      const block = await hashBlock(randomBytes(262_144, i + 1))
      const write = Promise.withResolvers<void>()
      blocks.push(block)
      writes.push(write)
      puts.push(holdings.put(block, { write: () => write.promise }))
    }
    expect(holdings.full).to.equal(true)
    expect(await holdings.get({ digest: blocks[3]?.digest as Uint8Array })).to.equal(blocks[3])
    for (const write of writes) write.resolve()
    await Promise.all(puts)
    expect([holdings.full, room, holdings.has(blocks[3]?.digest as Uint8Array)]).to.deep.equal([false, 1, false])
  })

  it('passes failures on and holds nothing then', async () => {
    const store = memoryStore({ quota: 100 })
    await store.open()
    const holdings = new Holdings(store)
    const block = await hashBlock(randomBytes(200))
    await holdings.put(block).then(() => expect.fail('held'), (error: unknown) => expect(error).to.be.instanceOf(StoreFullError))
    expect(holdings.has(block.digest)).to.equal(false)
  })
})

describe('completion', () => {
  it('ends when every expected block is there and all have been named', async () => {
    const done: number[] = []
    const completion = new Completion(undefined, 30, bytes => { done.push(bytes) })
    completion.count(10)
    completion.expect(0, 1)
    completion.arrived(0, 1, 10)
    completion.arrived(0, 1, 10)
    completion.expect(2, 0)
    completion.listed()
    completion.arrived(2, 0, 10)
    await completion.promise
    expect(done).to.deep.equal([10, 20, 30])
  })
})

describe('source tally', () => {
  it('names the kind that gave most, all peers together', () => {
    const tally = new SourceTally()
    tally.add({ kind: 'origin' }, 50)
    tally.add({ kind: 'peer', peer: 'a', route: 'direct' }, 30)
    tally.add({ kind: 'peer', peer: 'b', route: 'direct' }, 30)
    expect(tally.largest).to.equal('peer')
    expect(tally.sources[0]).to.deep.equal({ kind: 'origin', bytes: 50 })
  })

  it('names a peer once for each way that its bytes came', () => {
    const tally = new SourceTally()
    for (const [route, bytes] of [['relay', 10], ['webrtc', 30], ['relay', 5], ['webrtc', 40]] as const) tally.add({ kind: 'peer', peer: 'a', route }, bytes)
    expect(tally.sources).to.deep.equal([
      { kind: 'peer', peer: 'a', route: 'webrtc', bytes: 70 }, { kind: 'peer', peer: 'a', route: 'relay', bytes: 15 }
    ])
  })
})

describe('hints', () => {
  it('groups addresses by the peer at their end', () => {
    const relayed = '/ip4/1.2.3.4/tcp/1/p2p/r/p2p-circuit/webrtc/p2p/b'
    expect(hintsOf(['/ip4/1.2.3.4/tcp/1/p2p/a', '/ip4/1.2.3.4/tcp/2/ws/p2p/a', relayed, '/ip4/9.9.9.9/tcp/1']))
      .to.deep.equal([
        { peer: 'a', addrs: ['/ip4/1.2.3.4/tcp/1/p2p/a', '/ip4/1.2.3.4/tcp/2/ws/p2p/a'] },
        { peer: 'b', addrs: [relayed] }
      ])
  })
})

describe('conduct', () => {
  const map = (...segments: number[]): HaveMap => {
    const have = createHaveMap({ segments: 10, blocks: 10 })
    for (const segment of segments) have.addSegment(segment)
    return have
  }

  it('calls useful whoever gives or takes, or could', () => {
    const ours = map(1, 2)
    const judge = (theirs: HaveMap, conduct = new Conduct()): boolean => conduct.judge(theirs, ours, 10, 0)
    expect([judge(map()), judge(map(1, 2)), judge(map(2, 3)), judge(map(1, 2, 3))]).to.deep.equal([true, false, true, true])
    expect(new Conduct().judge(map(), undefined, 0, 0)).to.equal(true)
    const all = Array.from({ length: 10 }, (_, i) => i)
    expect(new Conduct().judge(map(...all), map(...all), 10, 0)).to.equal(false)
  })

  it('calls useless whoever refuses or stalls, until something comes, and hopeless after long', () => {
    const conduct = new Conduct()
    const judge = (now: number): boolean => conduct.judge(map(1, 2, 3), map(1, 2), 10, now)
    conduct.refusing = true
    expect(judge(0)).to.equal(false)
    conduct.exchanged(1_000, false)
    expect([judge(2_000), judge(1_000 + EXCHANGED_MS)]).to.deep.equal([true, false])
    expect([conduct.hopeless(EXCHANGED_MS + USELESS_MS), conduct.hopeless(1_000 + EXCHANGED_MS + USELESS_MS)]).to.deep.equal([false, true])
    conduct.exchanged(100_000, true)
    expect([judge(200_000), conduct.hopeless(200_000)]).to.deep.equal([true, false])
    conduct.stalled = true
    expect(judge(200_000)).to.equal(false)
  })
})
