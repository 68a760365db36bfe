import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import { OriginError, type Origin, type OriginRequest } from '@shoal/interface'
import type { OpenSwarm } from '../src/index.js'
import { collect, elapse, testNode, until, type TestNode } from './node.js'
import { Studio } from './studio.js'
import { VirtualNet } from './virtual-net.js'

/** What a peer takes for the content. */
async function view (swarm: OpenSwarm): Promise<string> {
  const manifest = await swarm.manifest()
  const { epoch, counter } = manifest.summary.live ?? {}
  const paths = []
  for await (const { index, path } of manifest.segments()) paths.push(`${index} ${path}`)
  return `${epoch}/${counter}: ${paths.join(', ')}`
}

async function read (swarm: OpenSwarm, path: string): Promise<Uint8Array> {
  return await collect(swarm.read(await (await swarm.manifest()).find(path), { deadline: 4_000 }))
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a live content', function () {
  this.timeout(30_000)
  const nodes: TestNode[] = []
  const node = async (net: VirtualNet, name: string): Promise<TestNode> => {
    const made = await testNode(net, name)
    nodes.push(made)
    return made
  }

  afterEach(async () => { await Promise.all(nodes.splice(0).map(async ({ engine }) => { await engine.stop() })) })

  it('is read while its window moves, from the publisher and from each other', async () => {
    const net = new VirtualNet()
    const [a, b, c] = [await node(net, 'a'), await node(net, 'b'), await node(net, 'c')]
    const studio = await Studio.open(a.store)
    const atA = await a.openLive(studio, { head: await studio.next() })
    const [atB, atC] = [await b.openLive(studio, { hints: ['a'] }), await c.openLive(studio, { hints: ['a', 'b'] })]
    for (let i = 1; i < 8; i++) {
      await Promise.all([atB, atC].map(async at => {
        const path = `seg1-${i - 1}.ts`
        expect(await read(at, path)).to.deep.equal(studio.bytes.get(path))
      }))
      await atA.update(await studio.next())
      const now = await view(atA)
      await until(() => [...b.events, ...c.events].filter(({ name }) => name === 'manifest:update').length === 2 * i, 'both hear of it')
      expect(await view(atB)).to.equal(now)
      expect(await view(atC)).to.equal(now)
    }
    expect(text(await read(atC, 'live.m3u8'))).to.equal('#EXTM3U 1 7')
    // the first that it held, and once all of the window: each segment anew is no news
    expect(net.hastened.filter(name => name === 'c').length).to.be.within(1, 2)
    const { detail } = c.events.findLast(({ name }) => name === 'manifest:update') as { detail: object }
    expect(detail).to.include({ added: 2, retired: 2, ended: false })
    expect([...a.events, ...b.events, ...c.events].filter(({ name }) => name === 'peer:penalty' || name === 'error')).to.deep.equal([])
  })

  it('tells a neighbour that has the head before only what has changed', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(a.store, 40)
    for (let i = 0; i < 60; i++) await studio.next(1_000)
    const atA = await a.openLive(studio, { head: await studio.next(1_000) })
    const atB = await b.openLive(studio, { hints: ['a'] })
    await view(atB)
    const [session] = net.exchanges.get('a')?.sessions ?? []
    if (session === undefined) throw new Error('they have no session')
    const told: number[] = []
    const tell = session.head.bind(session)
    session.head = (swarm, head) => { told.push(head.byteLength); tell(swarm, head) }
    for (let i = 1; i <= 4; i++) {
      const head = await studio.next(1_000)
      expect(head.byteLength).to.be.above(4_000)
      await atA.update(head)
      await until(() => b.events.filter(({ name }) => name === 'manifest:update').length === i, 'it hears of it')
      expect(await view(atB)).to.equal(await view(atA))
    }
    // what came with JOIN need not count: the first may be whole
    expect(told).to.have.length(4)
    for (const bytes of told.slice(1)) expect(bytes).to.be.below(600)
    expect([...a.events, ...b.events].filter(({ name }) => name === 'peer:penalty' || name === 'error')).to.deep.equal([])
  })

  it('drops what has left the window: readers, have-maps, claims; and refuses it as retired', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(undefined, 2)
    const atA = await a.openLive(studio, { head: await studio.next() })
    const atB = await b.openLive(studio, { hints: ['a'] })
    const reading = read(atB, 'seg1-0.ts').then(() => expect.fail('nobody has it'), (error: Error) => error)
    await until(() => atB.stats.connected === 1, 'they meet')
    const old = (await (await atB.manifest()).find('seg1-0.ts')).index
    await atA.update(await studio.next())
    await atA.update(await studio.next())
    expect((await reading).name).to.equal('RetiredError')
    const place = { swarm: atA.swarm, segment: old, block: 0 }
    const [session] = net.exchanges.get('a')?.sessions ?? []
    if (session === undefined) throw new Error('they have no session')
    expect(await net.exchanges.get('a')?.serve?.read(place, session)).to.equal('retired')
    expect(atB.held).to.equal(0)
  })

  it('is the same for one that was cut off, one that comes late and one that misses every second head', async () => {
    const clock = new ManualClock()
    const net = new VirtualNet(clock)
    const [a, b, cut] = [await node(net, 'a'), await node(net, 'b'), await node(net, 'cut')]
    const [lossy, late] = [await node(net, 'lossy'), await node(net, 'late')]
    const studio = await Studio.open(a.store)
    let losing = false
    net.loses = to => to === 'lossy' && losing
    const atA = await a.openLive(studio, { head: await studio.next(10_000) })
    const open = async (at: TestNode): Promise<OpenSwarm> => await at.openLive(studio, { hints: ['a', 'b'] })
    const [atB, atCut, atLossy] = [await open(b), await open(cut), await open(lossy)]
    const agree = async (...swarms: OpenSwarm[]): Promise<boolean> => new Set(await Promise.all(swarms.map(view))).size === 1
    /** Virtual ms until they hold the same view. */
    const agreed = async (...swarms: OpenSwarm[]): Promise<number> => {
      const since = clock.now()
      while (!await agree(...swarms) && clock.now() - since <= 2_000) {
        // signatures are checked on other threads: their time is not the peers' time
        await new Promise(resolve => { setTimeout(resolve, 10) })
        await elapse(clock, 50)
      }
      return clock.now() - since
    }
    await elapse(clock, 10_000, () => [atA, atB, atCut, atLossy].every(({ stats }) => stats.connected >= 1))
    expect(await agreed(atA, atB, atCut, atLossy)).to.be.at.most(2_000)

    await net.cutOff('cut')
    for (let i = 0; i < 30; i++) {
      losing = i % 2 === 1
      await atA.update(await studio.next(10_000))
      await elapse(clock, 2_000)
      expect(await agreed(atA, atB)).to.be.at.most(2_000)
      if (!losing) expect(await agreed(atA, atLossy), 'missed every second').to.be.at.most(2_000)
    }
    expect(await agree(atA, atLossy), 'it misses the last').to.equal(false)
    expect(await agree(atA, atCut), 'it was cut off').to.equal(false)
    net.cut.delete('cut')
    await net.exchanges.get('cut')?.connect('b')
    expect(await agreed(atA, atB, atCut), 'after a minute without a network').to.be.at.most(2_000)

    const atLate = await open(late)
    await elapse(clock, 30_000, () => atLate.stats.connected > 0)
    expect(await agreed(atA, atB, atLate), 'a late joiner').to.be.at.most(2_000)

    losing = false
    await atA.update(await studio.next(10_000))
    expect(await agreed(atA, atB, atCut, atLossy, atLate), 'all of them').to.be.at.most(2_000)
    const penalties = [a, b, cut, lossy, late].flatMap(({ events }) => events.filter(({ name }) => name === 'peer:penalty'))
    expect(penalties, 'nobody is blamed for a bad network').to.deep.equal([])
  })

  it('goes on under a higher epoch when its publisher lost everything, and what peers hold is not sent again', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(a.store)
    const atA = await a.openLive(studio, { head: await studio.next() })
    await atA.update(await studio.next())
    const atB = await b.openLive(studio, { hints: ['a'] })
    const first = await read(atB, 'seg1-1.ts')
    await a.engine.stop()

    const again = await node(net, 'a2')
    const resumed = studio.restarted(again.store)
    await resumed.add('seg1-1.ts', first, false)
    const atAgain = await again.openLive(resumed, { head: await resumed.next(), hints: ['b'] })
    await until(() => b.events.some(({ name }) => name === 'manifest:update'), 'the new epoch')
    expect(await view(atB)).to.equal(await view(atAgain))
    const before = atB.stats.fromPeers
    expect(await read(atB, 'seg1-1.ts')).to.deep.equal(first)
    expect(await read(atB, 'seg2-0.ts')).to.deep.equal(resumed.bytes.get('seg2-0.ts'))
    // the new segment and the new playlist
    expect(atB.stats.fromPeers - before).to.be.within(300_000, 300_100)
  })

  it('gets a window that fits no message as a block', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(a.store, 1_000)
    for (let i = 0; i < 1_000; i++) await studio.add(`segments/of/a/long/window/${i}.ts`, Uint8Array.of(i & 0xff, i >>> 8), false)
    const head = await studio.head()
    expect(head.byteLength).to.be.below(1_000)
    const atA = await a.openLive(studio, { head })
    const atB = await b.openLive(studio, { hints: ['a'] })
    expect(await view(atB)).to.equal(await view(atA))
    expect(await read(atB, 'segments/of/a/long/window/513.ts')).to.deep.equal(Uint8Array.of(1, 2))
  })

  it('is never what somebody else says it is', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(a.store)
    const [first, second] = [await studio.next(), await studio.next()]
    const atA = await a.openLive(studio, { head: second })
    const atB = await b.openLive(studio, { hints: ['a'] })
    await atB.manifest()
    const now = await view(atB)
    const [session] = net.exchanges.get('a')?.sessions ?? []
    session?.head(atA.swarm, first)
    await until(() => b.events.some(({ name }) => name === 'peer:penalty'), 'a is blamed for rolling back')
    expect(b.events.find(({ name }) => name === 'peer:penalty')?.detail).to.include({ peer: 'a', reason: 'bad-head' })
    expect(await view(atB)).to.equal(now)
  })

  it('gives up two heads of one sequence at everybody who sees either', async () => {
    const net = new VirtualNet()
    const [a, b, c] = [await node(net, 'a'), await node(net, 'b'), await node(net, 'c')]
    const studio = await Studio.open(a.store)
    const atA = await a.openLive(studio, { head: await studio.next() })
    const [atB, atC] = [await b.openLive(studio, { hints: ['a'] }), await c.openLive(studio, { hints: ['b'] })]
    await Promise.all([atB.manifest(), atC.manifest()])
    const good = await view(atA)
    const counter = studio.sequence.counter
    await atA.update(await studio.next())
    await until(() => [b, c].every(({ events }) => events.some(({ name }) => name === 'manifest:update')), 'the first of two')
    studio.sequence = { ...studio.sequence, counter }
    await atB.update(await studio.next())
    await until(() => [a, b, c].every(({ events }) => events.some(({ name }) => name === 'error')), 'all see both')
    for (const at of [atA, atB, atC]) expect(await view(at)).to.equal(good)
    await atA.update(await studio.next())
    expect(await view(atA), 'the epoch is over').to.equal(good)
    const again = studio.restarted(a.store)
    await atA.update(await again.next())
    await until(() => [b, c].every(({ events }) => events.filter(({ name }) => name === 'manifest:update').length === 3), 'a higher epoch')
    expect(await view(atC)).to.match(/^2\/0/)
    expect([a, b, c].flatMap(({ events }) => events.filter(({ name }) => name === 'peer:penalty'))).to.deep.equal([])
  })

  it('is over for all when its publisher asks for what nobody can show', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(a.store)
    const atA = await a.openLive(studio, { head: await studio.next() })
    const atB = await b.openLive(studio, { hints: ['a'] })
    await read(atB, 'seg1-0.ts')
    studio.policy = { token: true }
    const closed = await studio.next()
    const [session] = net.exchanges.get('a')?.sessions ?? []
    session?.head(atA.swarm, closed)
    await until(() => b.events.some(({ name }) => name === 'error'), 'b is told')
    expect((await atB.manifest()).summary.segments).to.equal(0)
    expect(atB.held).to.equal(0)
  })

  it('never asks the origin for a playlist', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(a.store)
    await a.openLive(studio, { head: await studio.next() })
    const asked: OriginRequest[] = []
    const origin: Origin = {
      bases: ['https://origin.test/'],
      stats: { rate: undefined, ttfb: undefined, failures: 0 },
      downUntil: 0,
      saw () {},
      fetch (request) {
        asked.push(request)
        return Promise.reject(new OriginError('no'))
      }
    }
    const atB = await b.openLive(studio, { hints: ['a'], origin })
    expect(text(await read(atB, 'live.m3u8'))).to.equal('#EXTM3U 1 0')
    expect(asked.map(({ path }) => path)).to.not.include('live.m3u8')
  })
})
