import { expect } from 'chai'
import fc from 'fast-check'
import { ManualClock } from '@shoal/base'
import { Alarm } from '../src/alarm.js'
import { Choker, type Standing } from '../src/choker.js'
import { OPTIMISTIC_MS, SLOT_TURN_MS } from '../src/defaults.js'
import { FairQueue } from '../src/fair-queue.js'
import { unchoke, type Asker } from '../src/unchoke.js'

const asker = (peer: string, more: Partial<Asker> = {}): Asker =>
  ({ peer, served: false, since: 0, optimistic: false, pass: 0, claim: 0, fresh: false, weak: false, ...more })

const askers = fc.uniqueArray(fc.record({
  peer: fc.integer({ min: 0, max: 30 }).map(n => `peer ${n}`),
  served: fc.boolean(),
  since: fc.nat(100_000),
  optimistic: fc.boolean(),
  pass: fc.nat(1000),
  claim: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
  fresh: fc.boolean(),
  weak: fc.boolean()
}), { selector: ({ peer }) => peer, maxLength: 30 })

describe('unchoke', () => {
  const names = (chosen: readonly Asker[]): string[] => chosen.map(({ peer }) => peer)

  it('gives each slot once, no more than there are, and none in vain while somebody waits', () => {
    fc.assert(fc.property(askers, fc.nat(20), fc.boolean(), fc.nat(200_000), (all, slots, contended, now) => {
      const { regular, optimistic } = unchoke(all, slots, contended, now)
      const chosen = [...regular, ...optimistic]
      expect(new Set(names(chosen)).size).to.equal(chosen.length)
      expect(chosen.length).to.be.at.most(slots)
      if (!contended) expect(chosen.length).to.equal(Math.min(slots, all.length))
    }))
  })

  it('always has a slot to be had without a claim where there are two or more, and leaves most to claims', () => {
    fc.assert(fc.property(askers, fc.integer({ min: 2, max: 20 }), fc.nat(200_000), (all, slots, now) => {
      const open = all.filter(({ claim }) => claim === 0)
      const { regular, optimistic } = unchoke(all, slots, true, now)
      const turns = regular.some(({ claim }) => claim === 0)
      if (open.length > 0 && !turns) expect(optimistic.length).to.be.at.least(1)
      if (open.length < all.length) expect(optimistic.length).to.be.at.most(Math.max(1, Math.floor(slots / 4)))
    }))
  })

  it('has one slot without a claim where the rate is scarce, an eighth where slots are', () => {
    const all = [...Array.from({ length: 30 }, (_, i) => asker(`giver ${i}`, { claim: 1 })), ...Array.from({ length: 30 }, (_, i) => asker(`rider ${i}`))]
    expect([true, false].map(contended => unchoke(all, 32, contended, 0).optimistic.length)).to.deep.equal([1, 4])
  })

  it('serves everybody while there is room, whatever they gave', () => {
    const all = [asker('giver', { claim: 10 }), asker('rider'), asker('newcomer', { fresh: true })]
    expect(names(unchoke(all, 3, false, 0).regular)).to.have.members(['giver', 'rider', 'newcomer'])
  })

  it('holds back those who gave nothing where more is asked for than can be sent, but for one', () => {
    const all = [asker('giver', { claim: 10 }), asker('rider'), asker('other rider', { since: 5 }), asker('newcomer', { fresh: true, since: 9 })]
    const { regular, optimistic } = unchoke(all, 16, true, 10)
    expect([names(regular), names(optimistic)]).to.deep.equal([['giver'], ['newcomer']])
  })

  it('has newcomers first in an optimistic slot, then phones, then whoever waits longest', () => {
    const giver = asker('giver', { claim: 10 })
    const [old, phone, newcomer] = [asker('old'), asker('phone', { weak: true, since: 5 }), asker('newcomer', { fresh: true, since: 9 })]
    const first = (...others: Asker[]): string[] => names(unchoke([giver, ...others], 2, true, 10).optimistic)
    expect([first(old, phone, newcomer), first(old, phone), first(old)]).to.deep.equal([['newcomer'], ['phone'], ['old']])
  })

  it('passes an optimistic slot on after its round, and sooner when a newcomer waits', () => {
    const giver = asker('giver', { claim: 10 })
    const has = asker('has', { served: true, optimistic: true, since: 0 })
    const at = (now: number, ...others: Asker[]): string[] => names(unchoke([giver, has, ...others], 2, true, now).optimistic)
    expect(at(OPTIMISTIC_MS - 1, asker('waits'))).to.deep.equal(['has'])
    expect(at(OPTIMISTIC_MS, asker('waits'))).to.deep.equal(['waits'])
    expect(at(SLOT_TURN_MS, asker('newcomer', { fresh: true }))).to.deep.equal(['newcomer'])
  })
})

describe('choker under contention', () => {
  interface Setup {
    readonly clock: ManualClock
    readonly choker: Choker
    /** Share of the time in which each was served. */
    readonly run: (seconds: number, peers: readonly string[]) => Record<string, number>
  }

  function setup (slots: number, claims: Record<string, number>, contended = false, passes = 0): Setup {
    const clock = new ManualClock()
    // several names of one host: `me@host`
    const standing = (peer: string): Standing => ({
      claim: claims[peer] ?? 0, passes, host: peer.split('@')[1], fresh: false, weak: false
    })
    const choker = new Choker({
      slots, clock, alarm: new Alarm(clock), standing, contended: () => contended, openShare: () => 0.1, changed () {}
    })
    const run: Setup['run'] = (seconds, peers) => {
      const served: Record<string, number> = {}
      for (let s = 0; s < seconds; s++) {
        for (const peer of peers) if (!choker.choked(peer)) served[peer] = (served[peer] ?? 0) + 1 / seconds
        clock.advance(1000)
      }
      return served
    }
    return { clock, choker, run }
  }

  it('gives slot time in proportion to what was given', () => {
    const { run } = setup(2, { a: 100, b: 200, c: 300 })
    const { a = 0, b = 0, c = 0 } = run(3000, ['a', 'b', 'c'])
    expect(c).to.be.above(b)
    expect(b).to.be.above(a)
    const four = setup(4, { a: 100, b: 100, c: 100, d: 100, e: 300, f: 300 })
    const times = four.run(3000, ['a', 'b', 'c', 'd', 'e', 'f', 'rider', 'other rider'])
    expect(times['rider']).to.be.closeTo(0.5, 0.1)
    for (const peer of ['a', 'b', 'c', 'd']) expect((times['e'] ?? 0) / (times[peer] ?? 0)).to.be.within(2, 4)
  })

  it('lets nobody take a tenth more by claiming under four names', () => {
    const share = (claims: Record<string, number>, mine: RegExp): number => {
      const { choker, run } = setup(16, claims, true)
      const peers = [...Object.keys(claims), ...Array.from({ length: 6 }, (_, i) => `rider ${i}`)]
      run(100, peers)
      return peers.filter(peer => mine.test(peer)).reduce((sum, peer) => sum + choker.share(peer), 0)
    }
    const one = share({ a: 100, b: 100, me: 100 }, /^me/)
    const many = share({ a: 100, b: 100, 'me 1': 25, 'me 2': 25, 'me 3': 25, 'me 4': 25 }, /^me/)
    expect(many).to.be.within(one, 1.1 * one)
    expect(share({ a: 100, b: 100 }, /^rider/)).to.be.below(0.11)
  })

  it('gives names of one host together what nobody earned of one', () => {
    const names = Array.from({ length: 4 }, (_, i) => `name ${i}@host`)
    const others = Array.from({ length: 4 }, (_, i) => `other ${i}@${i}`)
    const share = (passes: number, claims: Record<string, number>, some: readonly string[]): number => {
      const { choker, run } = setup(16, claims, true, passes)
      run(10, [...names, ...others])
      return some.reduce((sum, peer) => sum + choker.share(peer), 0)
    }
    expect(share(0, {}, names)).to.be.closeTo(1 / 5, 0.001)
    expect(share(0.5, {}, names)).to.be.closeTo(1 / 5, 0.001)
    const claims = Object.fromEntries([...others.map(name => [name, 100] as const), ...names.map(name => [name, 25] as const)])
    expect(share(0, claims, names)).to.be.closeTo(1 / 5, 0.001)
  })

  it('divides the whole rate among those it serves', () => {
    const claimed = fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.nat(1000), { minKeys: 1, maxKeys: 20 })
    fc.assert(fc.property(claimed, fc.boolean(), (claims, contended) => {
      const { choker, run } = setup(16, claims, contended)
      const peers = Object.keys(claims)
      run(5, peers)
      const sum = peers.filter(peer => !choker.choked(peer)).reduce((all, peer) => all + choker.share(peer), 0)
      expect(sum).to.be.closeTo(1, 0.02)
    }))
  })

  it('gives everybody equal parts where nobody gave anything', () => {
    const { choker, run } = setup(16, {}, true)
    run(10, ['a', 'b', 'c', 'd'])
    expect(['a', 'b', 'c', 'd'].map(peer => choker.share(peer))).to.deep.equal([0.25, 0.25, 0.25, 0.25])
  })
})

describe('fair queue', () => {
  it('serves in proportion to the shares, within one item of each', () => {
    const peers = ['a', 'b', 'c', 'd']
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 4, maxLength: 4 }), shares => {
      const total = shares.reduce((sum, share) => sum + share, 0)
      const queue = new FairQueue<{ bytes: number, peer: string }>(peer => (shares[peers.indexOf(peer)] ?? 0) / total)
      const served = new Map(peers.map(peer => [peer, 0]))
      for (const peer of peers) queue.push(peer, { bytes: 10, peer })
      for (let i = 0; i < 400; i++) {
        const { peer } = queue.serve(() => true) as { peer: string }
        served.set(peer, (served.get(peer) ?? 0) + 1)
        queue.push(peer, { bytes: 10, peer })
      }
      for (const [i, peer] of peers.entries()) expect(served.get(peer)).to.be.closeTo(400 * (shares[i] ?? 0) / total, 2 + peers.length)
    }))
  })

  it('owes nothing for a time in which nothing was asked for', () => {
    const queue = new FairQueue<{ bytes: number, peer: string }>(() => 0.5)
    const order: string[] = []
    for (let i = 0; i < 100; i++) queue.push('busy', { bytes: 1, peer: 'busy' })
    for (let i = 0; i < 50; i++) order.push((queue.serve(() => true) as { peer: string }).peer)
    for (let i = 0; i < 50; i++) queue.push('late', { bytes: 1, peer: 'late' })
    for (let i = 0; i < 20; i++) order.push((queue.serve(() => true) as { peer: string }).peer)
    expect(order.slice(50).filter(peer => peer === 'late').length).to.be.within(9, 11)
  })

  it('takes out what is given up, and what is refused stays first', () => {
    const queue = new FairQueue<{ bytes: number }>(() => 1)
    const [one, two] = [{ bytes: 1 }, { bytes: 2 }]
    queue.push('a', one)
    queue.push('a', two)
    expect([queue.serve(() => false), queue.size]).to.deep.equal([undefined, 2])
    queue.delete('a', one)
    expect([queue.serve(() => true), queue.size, queue.serve(() => true)]).to.deep.equal([two, 0, undefined])
  })

  it('loses nothing of a peer that is choked while it is served', () => {
    const first = { bytes: 1 }
    const second = { bytes: 1 }
    const queue = new FairQueue<{ bytes: number }>((peer): number => {
      queue.delete(peer, first)
      return 1
    })
    queue.push('a', first)
    queue.push('a', second)
    expect(queue.serve(() => true)).to.equal(first)
    expect(queue.size).to.equal(1)
    expect(queue.serve(() => true)).to.equal(second)
    expect(queue.size).to.equal(0)
  })
})
