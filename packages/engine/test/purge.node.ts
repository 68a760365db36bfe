import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import type { OpenSwarm } from '../src/index.js'
import { randomBytes } from './bytes.js'
import { elapse, testContent, testNode, type TestNode } from './node.js'
import { details, failure, holds, keyOf, read, signed } from './purging.js'
import { VirtualNet } from './virtual-net.js'

describe('a purge', function () {
  this.timeout(30_000)
  const nodes: TestNode[] = []
  const node = async (net: VirtualNet, name: string): Promise<TestNode> => {
    const made = await testNode(net, name)
    nodes.push(made)
    return made
  }

  afterEach(async () => { await Promise.all(nodes.splice(0).map(async ({ engine }) => { await engine.stop() })) })

  it('reaches thirty nodes, one that was cut off and one that comes late', async () => {
    const clock = new ManualClock()
    const net = new VirtualNet(clock)
    const names = Array.from({ length: 30 }, (_, i) => `n${i}`)
    const made: TestNode[] = []
    for (const name of names) made.push(await node(net, name))
    const [publisher, cut] = [made[0] as TestNode, made[29] as TestNode]
    const built = await testContent({ x: randomBytes(20_000), y: randomBytes(20_000, 2) }, publisher.store, { publisher: await keyOf(1) })
    const open: OpenSwarm[] = []
    for (const [i, each] of made.entries()) open.push(await each.open(built, i === 0 ? { publish: true } : { hints: [`n${i - 1}`] }))
    await open[0]?.scan()
    const fetched = Promise.all(open.slice(1).map(async swarm => { await swarm.complete(undefined, {}) }))
    let complete = false
    void fetched.then(() => { complete = true })
    await elapse(clock, 120_000, () => complete)
    expect(complete).to.equal(true)

    await net.cutOff(cut.name)
    // frames alone, from neighbour to neighbour
    net.followers.purge.clear()
    const knows = (each: TestNode): boolean => details(each, 'purge').length > 0
    void open[0]?.purging.issue(await signed(built, { paths: ['x'] }))
    const took = await elapse(clock, 10_000, () => made.every(each => each === cut || knows(each)))
    expect(took).to.be.at.most(5_000)
    expect(knows(cut)).to.equal(false)
    for (const each of made.slice(0, 29)) expect(await holds(each, built, 'x'), each.name).to.equal(false)

    net.cut.delete(cut.name)
    await net.exchanges.get(cut.name)?.connect('n5')
    expect(await elapse(clock, 10_000, () => knows(cut))).to.be.at.most(5_000)
    expect(await holds(cut, built, 'x')).to.equal(false)

    const late = await node(net, 'late')
    const atLate = await late.open(built, { hints: ['n29'] })
    expect(await elapse(clock, 40_000, () => knows(late))).to.be.at.most(10_000)
    expect(await failure(read(atLate, 'x'))).to.equal('PurgedError')
  })

  it('of all is learnt from those who have closed the content', async () => {
    const clock = new ManualClock()
    const net = new VirtualNet(clock)
    const [a, b, cut] = [await node(net, 'a'), await node(net, 'b'), await node(net, 'cut')]
    const built = await testContent({ x: randomBytes(20_000) }, a.store, { publisher: await keyOf(1) })
    const atA = await a.open(built, { publish: true })
    await atA.scan()
    const [atB, atCut] = [await b.open(built, { hints: ['a'] }), await cut.open(built, { hints: ['a', 'b'] })]
    let complete = false
    void Promise.all([atB.complete(undefined, {}), atCut.complete(undefined, {})]).then(() => { complete = true })
    await elapse(clock, 30_000, () => complete)
    await net.cutOff('cut')
    void atA.purging.issue(await signed(built, { all: true }))
    await elapse(clock, 5_000, () => details(b, 'purge').length > 0)
    await a.engine.stop()
    net.exchanges.delete('a')
    net.cut.delete('cut')
    await elapse(clock, 300_000, () => details(cut, 'purge').length > 0)
    expect(cut.store.used).to.equal(0)
  })
})
