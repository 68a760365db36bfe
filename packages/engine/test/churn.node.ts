import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import { randomBytes } from './bytes.js'
import { elapse, testContent, testNode, type TestNode } from './node.js'
import { VirtualNet } from './virtual-net.js'

const BLOCK = 262_144
const RATE = 2_000_000
const FETCHERS = 12

describe('churn', function () {
  this.timeout(60_000)

  /**
   * Half of the fetchers go together after a third of the work.
   *
   * @returns virtual ms until those who stay know nothing of them any more, and the time until they have everything as a multiple of the
   * fluid lower bound
   */
  async function halfLeave (how: 'vanish' | 'goodbye'): Promise<{ noticed: number, took: number }> {
    const clock = new ManualClock()
    const net = new VirtualNet(clock)
    const limits = { peersPerSwarm: 6, dials: 3 }
    const upload = { rate: RATE }
    const seed = await testNode(net, 'seed', { limits, upload })
    const built = await testContent({ 'film.bin': randomBytes(BLOCK * 64) }, seed.store)
    const { bytes } = built.manifest.summary
    await (await seed.open(built, { publish: true })).scan()
    const nodes: TestNode[] = []
    const complete = new Map<TestNode, number>()
    for (let i = 0; i < FETCHERS; i++) {
      const node = await testNode(net, `fetcher ${i}`, { limits, upload })
      nodes.push(node)
      void (await node.open(built)).complete(undefined, {}).then(() => complete.set(node, clock.now()), () => {})
    }
    await elapse(clock, 60_000, () => nodes.every(({ store }) => store.used > bytes / 3))
    const [leaving, staying] = [nodes.slice(FETCHERS / 2), nodes.slice(0, FETCHERS / 2)]
    const gone = new Set(leaving.map(({ name }) => name))
    for (const { name, engine } of leaving) {
      if (how === 'vanish') net.exchanges.get(name)?.vanish()
      else await engine.stop()
    }
    const unaware = (): boolean => staying.some(({ engine }) => engine.peers.some(({ peer }) => gone.has(peer)))
    const noticed = await elapse(clock, 60_000, () => !unaware())
    await elapse(clock, 300_000, () => staying.every(node => complete.has(node)))
    for (const node of [seed, ...nodes]) await node.engine.stop()
    const bound = Math.max(bytes / RATE, FETCHERS * bytes / (RATE * (1 + FETCHERS)))
    return { noticed, took: Math.max(...staying.map(node => complete.get(node) ?? Infinity)) / bound / 1000 }
  }

  it('lets everybody else complete when half of the peers say goodbye at once', async () => {
    const { noticed, took } = await halfLeave('goodbye')
    expect(noticed).to.be.below(100)
    expect(took).to.be.below(5)
  })

  it('lets everybody else complete when half of the peers vanish at once, though silence is noticed later', async () => {
    const { noticed, took } = await halfLeave('vanish')
    expect(noticed).to.be.above(1_000)
    expect(took).to.be.below(5)
  })
})
