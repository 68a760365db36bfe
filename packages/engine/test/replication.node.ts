import { expect } from 'chai'
import { ManualClock, seededRandom, shuffle } from '@shoal/base'
import type { BuiltManifest } from '@shoal/content/publishing'
import type { OpenSwarm } from '../src/index.js'
import { randomBytes } from './bytes.js'
import { collect, elapse, testContent, testNode, type TestNode } from './node.js'
import { VirtualNet } from './virtual-net.js'

const SEGMENT = 100_000
const upload = { rate: 2_000_000 }

function files (count: number, seed = 1): Record<string, Uint8Array> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`seg${String(i).padStart(2, '0')}`, randomBytes(SEGMENT, seed + i)]))
}

/** Digest of each segment, which is one block. */
async function digests ({ manifest }: BuiltManifest): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const { index } of manifest.segments()) all.push(manifest.block(index, 0).digest)
  return all
}

describe('replication in a swarm', function () {
  this.timeout(60_000)

  /** Nodes with caching duty come and go; after each change there must be enough copies again before long. */
  async function churn (target: number, leaving: number, rounds: number): Promise<void> {
    const clock = new ManualClock()
    const net = new VirtualNet(clock)
    const random = seededRandom(7)
    const publisher = await testNode(net, 'publisher', { upload })
    const built = await testContent(files(24), publisher.store)
    const blocks = await digests(built)
    await (await publisher.open(built, { publish: true })).scan()
    const swarm = new Set<TestNode>()
    let born = 0
    const enter = async (): Promise<void> => {
      const node = await testNode(net, `node ${born++}`, { upload, quota: 5_000_000, replication: target })
      swarm.add(node)
      void node.open(built)
    }
    const least = (): number => Math.min(...blocks.map(digest => [...swarm].filter(({ store }) => store.has(digest)).length))
    for (let i = 0; i < 12; i++) await enter()
    // the publisher's is a copy, too, until it leaves
    await elapse(clock, 120_000, () => least() >= target - 1)
    await publisher.engine.stop()
    await elapse(clock, 60_000, () => least() >= target)
    expect(least()).to.be.at.least(target)
    for (let round = 0; round < rounds; round++) {
      for (const node of shuffle([...swarm], random).slice(0, leaving)) {
        swarm.delete(node)
        await node.engine.stop()
      }
      expect(least()).to.be.at.least(target - leaving)
      for (let i = 0; i < leaving; i++) await enter()
      await elapse(clock, 60_000, () => least() >= target)
      expect(least(), `round ${round}`).to.be.at.least(target)
    }
    // not everybody has everything: that would be no art
    const copies = blocks.reduce((sum, digest) => sum + [...swarm].filter(({ store }) => store.has(digest)).length, 0) / blocks.length
    expect(copies).to.be.at.most(target + 3)
    for (const node of swarm) await node.engine.stop()
  }

  it('keeps the copies when half of the nodes leave at once, again and again, with no publisher and no origin', async () => {
    await churn(7, 6, 5)
  })

  it('keeps few copies when few leave at a time', async () => {
    await churn(3, 2, 12)
  })

  it('leaves those alone that were not told to cache', async () => {
    const clock = new ManualClock()
    const net = new VirtualNet(clock)
    const publisher = await testNode(net, 'publisher', { upload })
    const built = await testContent(files(8), publisher.store)
    await (await publisher.open(built, { publish: true })).scan()
    const viewer = await testNode(net, 'viewer', { upload })
    const opened = await viewer.open(built)
    await elapse(clock, 60_000)
    expect([opened.duty, opened.stats.connected, opened.stats.fromPeers]).to.deep.equal(['seed', 1, 0])
    for (const node of [publisher, viewer]) await node.engine.stop()
  })

  it('waits while somebody reads', async () => {
    const clock = new ManualClock()
    const net = new VirtualNet(clock)
    const publisher = await testNode(net, 'publisher', { upload })
    const built = await testContent(files(8), publisher.store)
    const [first] = await digests(built) as [Uint8Array]
    await publisher.store.delete(first)
    await (await publisher.open(built, { publish: true })).scan()
    const node = await testNode(net, 'node', { replication: 2 })
    const opened = await node.open(built)
    const abort = new AbortController()
    const reading = opened.manifest().then(async manifest => {
      await collect(opened.read(await manifest.segment(0), { signal: abort.signal }))
    }).then(() => 'read', () => 'given up')
    await elapse(clock, 30_000)
    expect([opened.duty, opened.stats.connected, opened.stats.fromPeers]).to.deep.equal(['cache', 1, 0])
    abort.abort()
    expect(await reading).to.equal('given up')
    await elapse(clock, 30_000)
    expect([opened.stats.fromPeers, opened.copies]).to.deep.equal([7 * SEGMENT, 0])
    for (const each of [publisher, node]) await each.engine.stop()
  })

  /** A node reads segments 24 to 47, which few have, then 0 to 23, then of another content: which of the first does it lack then? */
  async function missing (readers: readonly string[], replication: number): Promise<number[]> {
    const clock = new ManualClock()
    const net = new VirtualNet(clock)
    const publisher = await testNode(net, 'publisher', { upload })
    const built = await testContent(files(48), publisher.store)
    const other = await testContent(files(4, 100), publisher.store)
    for (const each of [built, other]) await (await publisher.open(each, { publish: true })).scan()
    const read = async (opened: OpenSwarm, first: number, end: number): Promise<void> => {
      let done = false
      void (async () => {
        const manifest = await opened.manifest()
        for (let i = first; i < end; i++) await collect(opened.read(await manifest.segment(i), {}))
        done = true
      })()
      await elapse(clock, 60_000, () => done)
      expect(done).to.equal(true)
    }
    for (const name of readers) await read(await (await testNode(net, name, { upload })).open(built), 0, 24)
    const node = await testNode(net, 'node', { upload, quota: 49 * 100_352 + 50_000, replication })
    const blocks = await digests(built)
    const opened = await node.open(built)
    // the rare ones first, so that they are those not used for longest
    await read(opened, 24, 48)
    await read(opened, 0, 24)
    await elapse(clock, 20_000)
    await read(await node.open(other), 0, 4)
    for (const each of [publisher, node]) await each.engine.stop()
    return blocks.flatMap((digest, i) => node.store.has(digest) ? [] : [i])
  }

  it('gives up first what others have in plenty', async () => {
    const gone = await missing(['b', 'c', 'd', 'e'], 2)
    expect(gone.length).to.be.at.least(3)
    expect(Math.max(...gone)).to.be.below(24)
  })

  it('gives up last what too few have', async () => {
    // three copies of the others, which is what there should be, so that none is surplus
    const gone = await missing(['b'], 3)
    expect(gone.length).to.be.at.least(3)
    expect(Math.max(...gone)).to.be.below(24)
  })
})
