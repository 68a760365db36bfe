import { expect } from 'chai'
import { ManualClock, seededRandom } from '@shoal/base'
import { routing, type Dht } from '../src/index.js'
import { PROVIDER_VALIDITY_MS, REPROVIDE_GAP_MS, REPROVIDE_INTERVAL_MS, REPROVIDE_MAX_MS } from '../src/defaults.js'
import { swarmKey } from '../src/key.js'
import { reprovideInterval } from '../src/provider.js'
import type { RoutingEvent } from '../src/types.js'

const SWARM = 'ab'.repeat(32)

/** A DHT of which the test decides how many nodes take a record. */
function setup (answers: (() => number)[], known = 1) {
  const clock = new ManualClock()
  const events: RoutingEvent[] = []
  const state = { provides: 0, forgotten: 0, known, addresses: ['/ip4/8.8.8.8/tcp/1'] }
  const dht: Dht = {
    get known () { return state.known },
    async provide () { return (answers[Math.min(state.provides++, answers.length - 1)] as () => number)() },
    async * find () { throw new Error('out of order') },
    async forget () { state.forgotten++ }
  }
  const routes = routing({ onevent: event => { events.push(event) } })({
    dht, peerId: 'self', addresses: () => state.addresses, clock, random: seededRandom(1)
  })
  /** Moves the clock in small steps, for what runs between the timers is asynchronous. */
  async function advance (ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 500) {
      clock.advance(500)
      for (let i = 0; i < 50; i++) await Promise.resolve()
    }
  }
  return { routes, dht, events, state, advance }
}

describe('routing', () => {
  it('names a swarm by its own 32 bytes', () => {
    expect(swarmKey(SWARM).toString()).to.equal('bafkreiflvov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvm')
    expect(() => swarmKey('ab')).to.throw(TypeError)
  })

  it('provides until somebody takes the record, then renews it', async () => {
    const { routes, events, state, advance } = setup([() => 0, () => { throw new Error('no route') }, () => 2])
    await routes.start()
    routes.provide(SWARM)
    routes.provide(SWARM)
    await advance(10_000)
    expect(events.map(event => event.type)).to.deep.equal(['provide-failed', 'provide-failed', 'provided'])
    expect(events[1]).to.include({ reason: 'no route' })
    expect(events[2]).to.include({ nodes: 2 })
    expect(state.provides).to.equal(3)
    await advance(REPROVIDE_INTERVAL_MS)
    expect(state.provides).to.equal(4)
    await routes.stop()
    await advance(2 * REPROVIDE_INTERVAL_MS)
    expect(state.provides).to.equal(4)
  })

  it('renews more rarely the more swarms it provides, and always before a record is gone', () => {
    expect(reprovideInterval(1)).to.equal(REPROVIDE_INTERVAL_MS)
    for (let swarms = 1; swarms < 10_000; swarms = Math.ceil(swarms * 1.3)) {
      const interval = reprovideInterval(swarms)
      expect(interval).to.be.at.least(reprovideInterval(swarms - 1)).and.below(PROVIDER_VALIDITY_MS)
      if (interval < REPROVIDE_MAX_MS) expect(swarms / interval, 'lookups per ms').to.be.at.most(1 / REPROVIDE_GAP_MS + 1e-9)
    }
  })

  it('waits for a node to tell and an address to be found at, and says so once', async () => {
    const { routes, events, state, advance } = setup([() => 1], 0)
    state.addresses = []
    await routes.start()
    routes.provide(SWARM)
    await advance(20_000)
    expect(state.provides).to.equal(0)
    expect(events.map(event => event.type)).to.deep.equal(['provide-failed'])
    state.known = 1
    await advance(5000)
    expect(events).to.have.lengthOf(2)
    expect(events[1]).to.include({ reason: 'this node has no address to be found at' })
    state.addresses = ['/ip4/8.8.8.8/tcp/1']
    await advance(5000)
    expect(events.at(-1)).to.deep.equal({ type: 'provided', swarm: SWARM, nodes: 1 })
    await routes.stop()
  })

  it('keeps its record itself while it knows nobody to tell, where it serves', async () => {
    const { routes, dht, events, state, advance } = setup([() => 1], 0)
    let kept = 0
    Object.assign(dht, { async keep () { if (++kept === 1) throw new Error('the disk is full') } })
    await routes.start()
    routes.provide(SWARM)
    await advance(REPROVIDE_INTERVAL_MS / 2)
    expect(kept, 'until it is kept').to.equal(2)
    expect(events.map(event => 'reason' in event && event.reason)).to.deep.equal(['keeping our own record: the disk is full', 'no DHT node is known'])
    await advance(REPROVIDE_INTERVAL_MS)
    expect([kept, state.provides], 'renewed').to.deep.equal([3, 0])
    state.known = 1
    await advance(5000)
    expect([kept, state.provides]).to.deep.equal([3, 1])
    await routes.stop()
  })

  it('tells soon after it can, while it is new', async () => {
    const { routes, state, advance } = setup([() => 1], 0)
    await routes.start()
    routes.provide(SWARM)
    await advance(500)
    state.known = 1
    await advance(500)
    expect(state.provides).to.equal(1)
    await routes.stop()
  })

  it('forgets what is not provided any more', async () => {
    const { routes, state, advance } = setup([() => 1])
    await routes.start()
    routes.provide(SWARM)
    await advance(1000)
    routes.unprovide(SWARM)
    routes.unprovide(SWARM)
    await advance(2 * REPROVIDE_INTERVAL_MS)
    expect(state).to.include({ provides: 1, forgotten: 1 })
  })

  it('yields nothing and reports it when the DHT fails', async () => {
    const { routes, events } = setup([])
    for await (const hint of routes.find(SWARM, {})) expect.fail(hint.peer)
    expect(events).to.deep.equal([{ type: 'failed', swarm: SWARM, doing: 'looking for providers', reason: 'out of order' }])
  })
})
