import { expect } from 'chai'
import fc from 'fast-check'
import { ManualClock } from '@shoal/base'
import type { OpenedManifest } from '@shoal/content'
import { shelfLife } from '../src/shelf-life.js'
import { randomBytes } from './bytes.js'
import { collect, elapse, testContent, testNode, until, type TestNode } from './node.js'
import { Studio } from './studio.js'
import { VirtualNet } from './virtual-net.js'

/** What the store of a node is told of how long blocks are worth keeping; of those of the manifest nothing is. */
function lives ({ store }: TestNode): number[] {
  const told: number[] = []
  const put = store.put.bind(store)
  store.put = async (block, options) => {
    if (options?.ttl !== undefined) told.push(options.ttl)
    await put(block, options)
  }
  return told
}

describe('how long a copy is worth keeping', () => {
  const nodes: TestNode[] = []
  const node = async (...args: Parameters<typeof testNode>): Promise<TestNode> => {
    const made = await testNode(...args)
    nodes.push(made)
    return made
  }
  afterEach(async () => { await Promise.all(nodes.splice(0).map(async ({ engine }) => { await engine.stop() })) })

  it('is what is left since the creation, never more than this node or the publisher would have', () => {
    const seconds = fc.integer({ min: 1, max: 1_000_000 })
    fc.assert(fc.property(seconds, seconds, seconds, (ttl, created, now) => {
      const manifest = { policy: { ttl }, summary: {} as OpenedManifest['summary'], createdAt: created * 1000 }
      const left = shelfLife(manifest, now * 1000, Infinity) as number
      expect(left).to.be.within(0, ttl)
      if (now >= created) expect(left).to.equal(Math.max(0, created + ttl - now))
      expect(shelfLife(manifest, now * 1000, 7)).to.equal(Math.min(7, left))
      expect(shelfLife({ ...manifest, policy: {} }, now * 1000, 7)).to.equal(undefined)
    }))
  })

  it('is told to the store with each block that comes from a peer', async () => {
    const clock = new ManualClock(30_000)
    const net = new VirtualNet(clock)
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const built = await testContent({ 'film.bin': randomBytes(600_000) }, a.store, { policy: { ttl: 100 } })
    await (await a.open(built, { publish: true })).scan()
    const swarm = await b.open(built, { hints: ['a'] })
    await elapse(clock, 10_000, () => swarm.stats.connected > 0)
    const manifest = await swarm.manifest()
    const told = lives(b)
    const reading = manifest.find('film.bin').then(async segment => await collect(swarm.read(segment, { deadline: 5_000 })))
    await elapse(clock, 20_000, () => told.length >= 3)
    await reading
    expect(told).to.have.length(3)
    for (const ttl of told) expect(ttl).to.be.within(100 - clock.wall() / 1000, 70)
  })

  it('begins for a live content when its segment comes', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(a.store)
    studio.policy = { ttl: 20 }
    await a.openLive(studio, { head: await studio.next() })
    const told = lives(b)
    const atB = await b.openLive(studio, { hints: ['a'] })
    await until(() => told.length > 0, 'the playlist comes')
    await collect(atB.read(await (await atB.manifest()).find('seg1-0.ts'), { deadline: 4_000 }))
    expect(new Set(told)).to.deep.equal(new Set([20]))
  })

  it('is nothing once it is over: nobody copies it for the sake of copies', async () => {
    const copied = async (wall: number): Promise<number> => {
      const clock = new ManualClock(wall)
      const net = new VirtualNet(clock)
      const [a, b] = [await node(net, 'a'), await node(net, 'b', { replication: 2 })]
      const built = await testContent({ a: randomBytes(1_000, 1), b: randomBytes(1_000, 2) }, a.store, { policy: { ttl: 3_600 } })
      await (await a.open(built, { publish: true })).scan()
      const swarm = await b.open(built, { hints: ['a'] })
      await elapse(clock, 60_000)
      return swarm.held
    }
    expect(await copied(0)).to.equal(2_000)
    expect(await copied(3_600_000)).to.equal(0)
  })
})
