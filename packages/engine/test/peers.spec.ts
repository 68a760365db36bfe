import { expect } from 'chai'
import { ManualClock, seededRandom } from '@shoal/base'
import type { Availability, Exchange, Routing, Session } from '@shoal/interface'
import { Ledger } from '@shoal/ledger'
import { Alarm } from '../src/alarm.js'
import { Candidates } from '../src/candidates.js'
import {
  ADDRS_PER_CANDIDATE, ALIVE_MS, AWAY_MS, CANDIDATES_PER_SWARM, CANDIDATES_PER_TELLER, COMING_MS, DEFAULT_LIMITS, FIRST_LOOK_MS,
  HEAD_START_MS, KEEP_IDLE, NEIGHBOURS_FIRST, REDIAL_MAX_MS, SLOW_DIAL_MS, UNSHARED_MS
} from '../src/defaults.js'
import { localityOf } from '../src/locality.js'
import { PeerManager } from '../src/peer-manager.js'
import type { AddressBook, EngineLimits } from '../src/types.js'

describe('candidates', () => {
  const addrs = (candidates: Candidates, peer: string): string[] => candidates.get(peer)?.addrs.map(({ addr }) => addr) ?? []

  it('never lets a weaker word replace a stronger one', () => {
    const candidates = new Candidates()
    candidates.add('good', ['hint'], 'link')
    candidates.add('good', Array.from({ length: 20 }, (_, i) => `fake ${i}`), 'pex', 'liar')
    expect(addrs(candidates, 'good')).to.have.length(ADDRS_PER_CANDIDATE)
    candidates.add('good', ['record'], 'dht')
    candidates.add('good', ['word'], 'announcement')
    expect(addrs(candidates, 'good').slice(0, 4)).to.deep.equal(['hint', 'record', 'word', 'fake 0'])
  })

  it('prefers what has not failed among words of the same weight', () => {
    const candidates = new Candidates()
    candidates.add('a', ['1', '2'], 'announcement')
    const a = candidates.get('a')
    if (a !== undefined) candidates.failed(a)
    candidates.add('a', ['3', '1'], 'announcement')
    expect(addrs(candidates, 'a')).to.deep.equal(['3', '1', '2'])
  })

  it('bounds what one member may name, until somebody else names it too', () => {
    const candidates = new Candidates()
    for (let i = 0; i < 1000; i++) candidates.add(`fake ${i}`, [], 'pex', 'liar')
    expect(candidates.size).to.equal(CANDIDATES_PER_TELLER)
    expect(candidates.add('x', [], 'pex', 'liar')).to.equal('full')
    expect(candidates.add('fake 0', [], 'dht')).to.equal('news')
    expect(candidates.get('fake 0')?.teller).to.equal(undefined)
    expect(candidates.add('x', [], 'pex', 'liar')).to.equal('news')
    candidates.delete('x')
    expect(candidates.add('y', [], 'pex', 'liar')).to.equal('news')
  })

  it('keeps the hints when it is full, and drops the weakest word that failed most', () => {
    const candidates = new Candidates()
    candidates.add('hint', [], 'link')
    for (let i = 0; i < CANDIDATES_PER_SWARM; i++) candidates.add(`p${i}`, [], 'pex', `teller ${i}`)
    expect(candidates.add('another', [], 'pex', 'x')).to.equal('full')
    const dead = candidates.get('p7')
    if (dead !== undefined) candidates.failed(dead)
    expect(candidates.add('another', [], 'pex', 'x')).to.equal('news')
    expect(candidates.get('p7')).to.equal(undefined)
    for (let i = 0; i < 2 * CANDIDATES_PER_SWARM; i++) candidates.add(`d${i}`, [], 'dht')
    expect(candidates.size).to.equal(CANDIDATES_PER_SWARM + 1)
    expect(candidates.get('hint')?.linked).to.equal(true)
    expect(candidates.add('late', [], 'announcement')).to.equal('full')
  })

  it('tells news from what is known: a stronger word, another address, but none that there is no room for', () => {
    const candidates = new Candidates()
    expect(candidates.add('a', ['1'], 'pex', 'b')).to.equal('news')
    expect(candidates.add('a', ['1'], 'pex', 'c')).to.equal('known')
    expect(candidates.add('a', ['1', '2'], 'pex', 'c')).to.equal('news')
    expect(candidates.add('a', [], 'announcement')).to.equal('news')
    expect(candidates.add('a', ['1'], 'announcement')).to.equal('news')
    expect(candidates.add('a', ['2', '1'], 'pex', 'c')).to.equal('known')
    for (let i = 0; i < ADDRS_PER_CANDIDATE; i++) candidates.add('a', [`link ${i}`], 'link')
    expect(candidates.add('a', ['3', '4'], 'pex', 'c')).to.equal('known')
  })
})

const NOBODY = { known: 0, async * find () { await Promise.resolve() } } as unknown as Routing

describe('peer manager', () => {
  interface Setup {
    readonly clock: ManualClock
    readonly manager: PeerManager
    readonly dialled: [peer: string, addr: string | undefined][]
    readonly closed: string[]
    readonly members: Set<string>
    /** Members that have been useless for long, and those that were left for it. */
    readonly useless: string[]
    readonly parted: string[]
    /** Whether the node has everything. */
    readonly circle: { whole: boolean }
    readonly run: (ms: number) => Promise<void>
    readonly seek: (hints?: [string, string][]) => void
  }

  function setup (
    { connect, limits = {}, addresses = {}, availability = {}, routing = NOBODY }: {
      connect?: (peer: string) => Promise<Session>, limits?: Partial<EngineLimits>, addresses?: Partial<AddressBook>,
      availability?: Partial<Availability>, routing?: Routing
    } = {}
  ): Setup {
    const clock = new ManualClock()
    const dialled: Setup['dialled'] = []
    const closed: string[] = []
    const members = new Set<string>()
    const useless: string[] = []
    const parted: string[] = []
    const circle = { whole: false }
    const exchange = {
      async connect (peer: string, addrs: readonly string[]) {
        dialled.push([peer, addrs[0]])
        if (connect !== undefined) return await connect(peer)
        return await new Promise<Session>(() => {})
      }
    } as unknown as Exchange
    const manager = new PeerManager({
      self: 'me',
      clock,
      random: seededRandom(1),
      alarm: new Alarm(clock),
      limits: { ...DEFAULT_LIMITS, ...limits },
      ledger: new Ledger({ clock }),
      routing,
      exchange,
      availability: { swarmSize: () => 1, ...availability },
      addresses: {
        own: () => [], of: () => Promise.resolve([]), usable: all => all, heard: all => all, connected: () => false, ...addresses
      },
      onerror: error => { throw error }
    })
    return {
      clock,
      manager,
      dialled,
      closed,
      members,
      useless,
      parted,
      circle,
      async run (ms) {
        for (const end = clock.now() + ms; clock.now() < end;) {
          clock.advance(Math.min(500, end - clock.now()))
          for (let i = 0; i < 10; i++) await Promise.resolve()
        }
      },
      seek (hints = []) {
        manager.seek('s', hints.map(([peer, addr]) => ({ peer, addrs: [addr] })), {
          direct: members,
          get whole () { return circle.whole },
          get useful () { return members.size - useless.length },
          review: () => useless,
          greet () {},
          part (peer) { parted.push(peer); members.delete(peer); useless.splice(useless.indexOf(peer), 1) }
        })
      }
    }
  }

  let ids = 0
  function session (
    peer: string, closed: string[] = [], direction: Session['direction'] = 'outbound', remoteAddr = '/ip4/8.8.8.8/tcp/1'
  ): Session {
    const close = (): Promise<void> => { closed.push(peer); return Promise.resolve() }
    return { id: ++ids, peer, direction, remoteAddr, limited: false, closed: false, close } as unknown as Session
  }

  it('dials the link\'s peer at the link\'s address, whatever a member says of it', async () => {
    const { manager, seek, run, dialled } = setup()
    seek([['good', 'hint']])
    manager.suggest('s', { peer: 'good', addrs: ['fake'] }, 'pex', session('liar'))
    await run(100)
    expect(dialled).to.deep.equal([['good', 'hint']])
  })

  it('expects company during the first look and while new candidates are dialled, not for ever', async () => {
    const { manager, clock, seek, run, members } = setup()
    const expected = (): boolean => manager.expecting('s') > clock.now()
    seek()
    expect(expected()).to.equal(true)
    await run(5_000)
    expect(expected()).to.equal(false)
    manager.suggest('s', { peer: 'new', addrs: ['x'] }, 'dht')
    expect(expected()).to.equal(true)
    members.add('new')
    await run(3_000)
    expect(expected()).to.equal(false)
    manager.suggest('s', { peer: 'dead', addrs: ['x'] }, 'dht')
    await run(12_000)
    expect(expected()).to.equal(false)
  })

  it('knows whom it cannot reach as long as they announce themselves', async () => {
    const { manager, seek, run } = setup({ connect: () => Promise.reject(new Error('both are behind NATs')) })
    seek()
    for (const peer of ['dead', 'shy']) manager.suggest('s', { peer, addrs: ['x'] }, 'dht')
    await run(1_000)
    expect(manager.known('s')).to.deep.equal([])
    manager.suggest('s', { peer: 'shy', addrs: ['x'] }, 'announcement')
    expect(manager.known('s')).to.deep.equal(['shy'])
    await run(ALIVE_MS)
    expect(manager.known('s')).to.deep.equal([])
  })

  it('begins with a few dials, whoever else is named meanwhile, and looks for others beside those that are slow', async () => {
    const { manager, seek, run, dialled } = setup()
    seek()
    for (const peer of ['a', 'b', 'c', 'd']) manager.suggest('s', { peer, addrs: ['x'] }, 'dht')
    await run(50)
    for (const peer of ['e', 'f', 'g', 'h']) manager.suggest('s', { peer, addrs: ['x'] }, 'dht')
    await run(100)
    expect(dialled).to.have.length(NEIGHBOURS_FIRST)
    await run(SLOW_DIAL_MS)
    expect(dialled).to.have.length(DEFAULT_LIMITS.dials)
  })

  it('begins with those to whom there is a connection already', async () => {
    for (const there of ['a', 'h']) {
      const { manager, seek, run, dialled } = setup({ addresses: { connected: peer => peer === there } })
      seek()
      for (const peer of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) manager.suggest('s', { peer, addrs: ['x'] }, 'dht')
      await run(50)
      expect(dialled[0]).to.deep.equal([there, 'x'])
    }
  })

  it('leaves half of the dials to others than the one who names most', async () => {
    const { manager, seek, run, dialled } = setup()
    seek()
    const liar = session('liar')
    for (let i = 0; i < 500; i++) manager.suggest('s', { peer: `fake ${i}`, addrs: ['x'] }, 'pex', liar)
    await run(100)
    expect(dialled).to.have.length(DEFAULT_LIMITS.dials / 2)
    manager.suggest('s', { peer: 'good', addrs: ['y'] }, 'pex', session('honest'))
    await run(100)
    expect(dialled.at(-1)).to.deep.equal(['good', 'y'])
  })

  it('dials nothing of which only unbelievable addresses are named', async () => {
    const tellers: (string | undefined)[] = []
    const heard = (_: readonly string[], teller: string | undefined): readonly string[] => { tellers.push(teller); return [] }
    const { manager, seek, run, dialled } = setup({ addresses: { heard } })
    seek([['hint', '/ip4/127.0.0.1/tcp/1']])
    manager.suggest('s', { peer: 'scan', addrs: ['/ip4/10.0.0.1/tcp/22'] }, 'pex', session('liar', [], 'inbound', '/ip4/9.9.9.9/tcp/1'))
    manager.suggest('s', { peer: 'scan', addrs: ['/ip4/10.0.0.1/tcp/22'] }, 'announcement')
    await run(100)
    expect(dialled.map(([peer]) => peer)).to.deep.equal(['hint'])
    expect(tellers).to.deep.equal(['/ip4/9.9.9.9/tcp/1', undefined])
  })

  it('shuts out and does not dial a banned peer, and prefers others to a suspect', async () => {
    const { manager, seek, run, dialled, closed } = setup({ limits: { dials: 2 } })
    const open = session('liar', closed)
    manager.opened(open)
    expect(manager.penalise('liar', 'corrupt-block')).to.equal(-100)
    expect(closed).to.deep.equal(['liar'])
    expect(manager.opened(session('liar'))).to.equal(false)
    for (let i = 0; i < 3; i++) manager.penalise('clumsy', 'spam')
    seek([['liar', 'a'], ['clumsy', 'b'], ['fine', 'c']])
    await run(100)
    expect(dialled.map(([peer]) => peer)).to.deep.equal(['fine'])
  })

  it('waits longer before it dials a peer that broke the rules', async () => {
    const { manager, seek, run, dialled } = setup({ connect: peer => Promise.resolve(session(peer)) })
    seek([['clumsy', 'b']])
    await run(100)
    const open = session('clumsy')
    manager.opened(open)
    for (let i = 0; i < 4; i++) manager.penalise('clumsy', 'protocol-violation')
    manager.closed(open, false)
    dialled.length = 0
    await run(60_000)
    expect(dialled).to.deep.equal([])
    await run(REDIAL_MAX_MS * 1.5)
    expect(dialled).to.not.deep.equal([])
  })

  it('goes on dialling when many strangers are connected', async () => {
    const { manager, seek, run, dialled } = setup({ limits: { sessions: 5 } })
    for (let i = 0; i < 10; i++) manager.opened(session(`stranger ${i}`, [], 'inbound'))
    seek([['good', 'hint']])
    await run(100)
    expect(dialled).to.have.length(1)
    const full = setup({ limits: { sessions: 5 } })
    for (let i = 0; i < 5; i++) full.manager.opened(session(`chosen ${i}`))
    full.seek([['good', 'hint']])
    await full.run(100)
    expect(full.dialled).to.have.length(0)
  })

  it('closes what it opened when no swarm is shared any more, and nothing else', async () => {
    const closed: string[] = []
    const sessions = new Map<string, Session>()
    const { manager, seek, run, members } = setup({
      connect (peer) {
        const opened = session(peer, closed)
        sessions.set(peer, opened)
        manager.opened(opened)
        return Promise.resolve(opened)
      },
      addresses: { connected: peer => peer === 'bootstrap', own: () => ['/ip4/8.8.8.8/tcp/1/p2p/relay/p2p-circuit/webrtc/p2p/me'] }
    })
    manager.opened(session('stranger', closed, 'inbound'))
    seek([['member', 'a'], ['bootstrap', 'b'], ['relay', 'c'], ['elsewhere', 'd']])
    await run(100)
    members.add('member')
    await run(UNSHARED_MS + 5_000)
    expect([...sessions.keys()].toSorted()).to.deep.equal(['bootstrap', 'elsewhere', 'member', 'relay'])
    expect(closed).to.deep.equal(['elsewhere'])
    manager.forget('s')
    await run(3 * UNSHARED_MS)
    expect(closed).to.deep.equal(['elsewhere', 'member'])
  })

  it('keeps what it opened for a swarm when the next one with the same peer is opened at the last moment', async () => {
    const closed: string[] = []
    const { manager, seek, run, members } = setup({
      connect (peer) {
        const opened = session(peer, closed)
        manager.opened(opened)
        return Promise.resolve(opened)
      }
    })
    seek([['giver', 'a']])
    await run(100)
    members.add('giver')
    await run(1_000)
    members.clear()
    manager.forget('s')
    await run(UNSHARED_MS - 1_000)
    seek([['giver', 'a']])
    await run(2_000)
    members.add('giver')
    await run(3 * UNSHARED_MS)
    expect(closed).to.deep.equal([])
  })

  it('looks for others at once when neighbours are useless, and leaves one after the other of a full set', async () => {
    const { manager, seek, run, dialled, members, useless, parted } = setup({ limits: { peersPerSwarm: 4, dials: 100 } })
    seek()
    for (const peer of ['a', 'b', 'c', 'd']) members.add(peer)
    manager.suggest('s', { peer: 'e', addrs: ['x'] }, 'dht')
    await run(10_000)
    expect(dialled).to.deep.equal([])
    useless.push('c', 'a', 'b')
    await run(3_000)
    expect([dialled.map(([peer]) => peer), parted]).to.deep.equal([['e'], []])
    for (const peer of ['e', 'f']) members.add(peer)
    await run(10_000)
    // nobody untried is known
    expect(parted).to.deep.equal([])
    manager.suggest('s', { peer: 'g', addrs: ['x'] }, 'dht')
    await run(2_500)
    expect([parted, dialled.at(-1)]).to.deep.equal([['c'], ['g', 'x']])
    members.add('g')
    for (const peer of ['h', 'i', 'j']) manager.suggest('s', { peer, addrs: ['x'] }, 'dht')
    await run(2_500)
    // four useful ones are enough
    expect(parted).to.deep.equal(['c'])
    useless.push('d')
    await run(2_500)
    expect(parted).to.deep.equal(['c', 'a'])
    // those left are not dialled again soon
    expect(dialled.map(([peer]) => peer)).to.not.include('c')
  })

  it('keeps the last neighbours, whatever they are worth', async () => {
    const { manager, seek, run, members, useless, parted } = setup({ limits: { peersPerSwarm: 2 } })
    seek()
    for (const peer of ['a', 'b', 'c']) members.add(peer)
    useless.push('a', 'b', 'c')
    manager.suggest('s', { peer: 'd', addrs: ['x'] }, 'dht')
    await run(60_000)
    expect(parted).to.deep.equal([])
  })

  it('lets go of others that have everything when it has, but for a few, and neither dials them nor looks for more', async () => {
    let lookups = 0
    const routing = { known: 1, async * find () { lookups++; await Promise.resolve() } } as unknown as Routing
    const { manager, seek, run, dialled, members, useless, parted, circle } = setup({ limits: { dials: 100 }, routing })
    seek()
    for (let i = 0; i < KEEP_IDLE + 2; i++) members.add(`seed ${i}`)
    useless.push(...members)
    for (const peer of ['another seed', 'reader', 'seed 0']) manager.suggest('s', { peer, addrs: ['x'] }, 'announcement')
    manager.described('s', 'another seed', { locality: undefined, whole: true })
    circle.whole = true
    // long enough for whom it left to be dialled again
    await run(2 * REDIAL_MAX_MS)
    expect(parted).to.deep.equal(['seed 0', 'seed 1'])
    expect(dialled.map(([peer]) => peer)).to.deep.equal(['reader'])
    expect(lookups).to.equal(0)
    // alone it is glad of any
    members.clear()
    useless.length = 0
    await run(10_000)
    expect(dialled.map(([peer]) => peer)).to.include('another seed')
    expect(lookups).to.be.above(0)
  })

  it('replaces at once a peer that said goodbye, and leaves it alone until it speaks again', async () => {
    const { manager, seek, run, dialled, clock, members } = setup({ limits: { peersPerSwarm: 1 } })
    seek([['gone', 'a'], ['lost', 'b']])
    for (const peer of ['gone', 'lost']) {
      manager.opened(session(peer))
      members.add(peer)
    }
    await run(100)
    const before = clock.now()
    for (const peer of ['gone', 'lost']) for (const open of [...manager.sessionsOf(peer)]) manager.closed(open, peer === 'gone')
    members.clear()
    manager.suggest('s', { peer: 'new', addrs: ['c'] }, 'dht')
    await run(10)
    expect([dialled.map(([peer]) => peer), clock.now() - before]).to.deep.equal([['new'], 10])
    await run(AWAY_MS - 1_000)
    expect(dialled.map(([peer]) => peer)).to.include('lost').and.not.include('gone')
    manager.suggest('s', { peer: 'gone', addrs: ['a'] }, 'announcement')
    await run(100)
    expect(dialled.at(-1)).to.deep.equal(['gone', 'a'])
  })

  it('dials a peer whose goodbye crossed with the first word of a swarm that it was not in yet', async () => {
    const { manager, seek, run, dialled } = setup()
    manager.opened(session('giver'))
    seek([['giver', 'a']])
    await run(10)
    for (const open of [...manager.sessionsOf('giver')]) manager.closed(open, true)
    await run(5_000)
    expect(dialled).to.deep.equal([['giver', 'a']])
  })

  it('dials those first that will not dial it at the same time, and the others all the same', async () => {
    const relayed = (peer: string): string => `/ip4/8.8.8.8/tcp/1/ws/p2p/r/p2p-circuit/webrtc/p2p/${peer}`
    const { manager, seek, run, dialled } = setup({ addresses: { own: () => [relayed('me')] } })
    seek()
    // who has just come is not known to those that others name
    manager.suggest('s', { peer: 'already', addrs: [relayed('already')] }, 'pex')
    await run(10)
    expect(dialled.splice(0).map(([peer]) => peer)).to.deep.equal(['already'])
    await run(FIRST_LOOK_MS)
    // `a` comes before `me`, `z` after it; nobody behind a relay can be dialled by `b` alone
    manager.suggest('s', { peer: 'a', addrs: [relayed('a')] }, 'dht')
    manager.suggest('s', { peer: 'z', addrs: [relayed('z')] }, 'dht')
    manager.suggest('s', { peer: 'b', addrs: ['/ip4/9.9.9.9/tcp/1'] }, 'dht')
    await run(HEAD_START_MS - 500)
    expect(dialled.map(([peer]) => peer).toSorted()).to.deep.equal(['b', 'z'])
    await run(1_000)
    expect(dialled.splice(0).map(([peer]) => peer).toSorted()).to.deep.equal(['a', 'b', 'z'])
    // who speaks for itself may have just come
    manager.suggest('s', { peer: 'ann', addrs: [relayed('ann')] }, 'announcement')
    manager.suggest('s', { peer: 'zoe', addrs: [relayed('zoe')] }, 'announcement')
    const order: string[][] = []
    for (let i = 0; i < 3; i++) {
      await run(HEAD_START_MS - (i === 0 ? 500 : 0))
      order.push(dialled.splice(0).map(([peer]) => peer))
    }
    expect(order).to.deep.equal([[], ['zoe'], ['ann']])
  })

  it('leaves it to one that came over a relay to connect directly, for a while', async () => {
    const { manager, seek, run, dialled } = setup()
    manager.opened({ ...session('coming', [], 'inbound'), limited: true, transport: 'relay' })
    manager.opened({ ...session('relayed', []), limited: true, transport: 'relay' })
    seek([['coming', 'a'], ['relayed', 'b']])
    await run(COMING_MS - 500)
    expect(dialled).to.deep.equal([['relayed', 'b']])
    await run(1_000)
    expect(dialled).to.deep.equal([['relayed', 'b'], ['coming', 'a']])
  })

  it('says how many dials failed, and why the last did', async () => {
    const { manager, seek, run } = setup({ connect: () => Promise.reject(new Error('nobody there\nat stack')) })
    seek([['gone', 'a']])
    expect(manager.trouble('s')).to.equal('')
    await run(100)
    expect(manager.trouble('s')).to.equal('failed dials: 1, the last because "nobody there"')
  })

  it('dials those who are near first, and of a divided swarm some of its own cell before them', async () => {
    const surroundings = { site: '203.0.113.7', region: '203.0' }
    const { manager, dialled, members, run, seek } = setup({
      limits: { peersPerSwarm: 3, dials: 1 },
      connect: async peer => { members.add(peer); return await Promise.resolve({ peer, direction: 'outbound' } as unknown as Session) },
      addresses: { surroundings: () => surroundings },
      availability: { cell: () => ({ rendezvous: 'c', size: 9, has: peer => peer === 'mate' }) }
    })
    seek()
    for (const peer of ['far a', 'far b', 'far c', 'near', 'mate', 'region']) manager.suggest('s', { peer, addrs: [peer] }, 'announcement')
    manager.described('s', 'near', { locality: localityOf('s', surroundings), whole: false })
    manager.described('s', 'region', { locality: localityOf('s', { site: 'another', region: '203.0' }), whole: false })
    manager.described('s', 'nobody', { locality: localityOf('s', surroundings), whole: false })
    await run(5_000)
    expect(dialled.map(([peer]) => peer).slice(0, 3)).to.deep.equal(['mate', 'near', 'region'])
  })

  it('looks for its own cell in every other lookup, until enough of it are connected', async () => {
    const asked: string[] = []
    const mates = new Set<string>()
    const { members, run, seek, manager } = setup({
      availability: { cell: () => ({ rendezvous: 'cell', size: 200, has: peer => mates.has(peer) }), swarmSize: () => 10_000 },
      routing: {
        known: 5,
        async * find (swarm: string) {
          asked.push(swarm)
          await Promise.resolve()
        }
      } as unknown as Routing
    })
    seek()
    await run(20_000)
    expect(asked.length).to.be.at.least(4)
    for (const [i, swarm] of asked.entries()) expect(swarm).to.equal(i % 2 === 0 ? 'cell' : 's')
    for (const mate of ['a', 'b', 'c', 'd']) { mates.add(mate); members.add(mate) }
    const before = asked.length
    await run(300_000)
    expect(asked.length).to.be.above(before)
    expect(new Set(asked.slice(before))).to.deep.equal(new Set(['s']))
    manager.forget('s')
  })

  it('dials who may relay when it has no relay, though it has neighbours enough', async () => {
    const lacks = { relay: true }
    const { manager, dialled, members, run, seek } = setup({ limits: { peersPerSwarm: 1 }, addresses: { lacksRelay: () => lacks.relay } })
    members.add('neighbour')
    seek()
    manager.suggest('s', { peer: 'page', addrs: ['/dns4/r/tcp/443/wss/p2p/relay/p2p-circuit/webrtc/p2p/page'] }, 'pex')
    manager.suggest('s', { peer: 'node', addrs: ['/ip4/8.8.8.8/tcp/1/ws/p2p/node'] }, 'announcement')
    await run(4_000)
    expect(dialled, 'it may come back').to.deep.equal([])
    await run(120_000)
    expect(dialled.toSorted()).to.deep.equal([['node', '/ip4/8.8.8.8/tcp/1/ws/p2p/node'], ['relay', '/dns4/r/tcp/443/wss/p2p/relay']])
    await run(REDIAL_MAX_MS)
    expect(dialled.length, 'again, after a while').to.equal(4)
    lacks.relay = false
    await run(2 * REDIAL_MAX_MS)
    expect(dialled).to.have.length(4)
  })

  it('takes what is no Error for the failure it is, as of a WebSocket in a browser', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is what libp2p lets through
    const { manager, seek, run, dialled } = setup({ connect: () => Promise.reject(new Event('error')) })
    seek([['a', 'addr']])
    await run(REDIAL_MAX_MS)
    expect(dialled.length).to.be.above(1)
    expect(manager.trouble('s')).to.match(/^failed dials: \d+, the last because "\[object Event\]"$/)
  })
})
