import { expect } from 'chai'
import { RELAY_PATIENCE_MS } from '../src/defaults.js'
import { rankOf, routeOf } from '../src/route.js'
import type { Session, Transport } from '@shoal/interface'
import { randomBytes } from './bytes.js'
import { testContent, testNode, until, type TestNode } from './node.js'
import { VirtualNet } from './virtual-net.js'

const files = { 'a.bin': randomBytes(600_000) }

describe('sessions through a relay', function () {
  this.timeout(30_000)

  async function pair (net: VirtualNet): Promise<{ a: TestNode, b: TestNode, built: Awaited<ReturnType<typeof testContent>> }> {
    const [a, b] = [await testNode(net, 'a'), await testNode(net, 'b')]
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    return { a, b, built }
  }

  it('have a route, and their place behind all others', () => {
    const routes: [Transport, string][] = [
      ['tcp', 'direct'], ['quic', 'direct'], ['memory', 'direct'], ['webrtc', 'webrtc'], ['webrtc-direct', 'webrtc-direct'], ['ws', 'websocket'], ['relay', 'relay']
    ]
    for (const [transport, route] of routes) expect(routeOf(transport)).to.equal(route)
    const rank = (transport: Transport, limited: boolean): number => rankOf({ transport, limited } as Session)
    expect([rank('webrtc', false), rank('relay', false), rank('relay', true)]).to.deep.equal([2, 1, 0])
  })

  it('carry content where the relay allows it, once a better way has had its chance', async () => {
    const net = new VirtualNet()
    net.relayed.set('a', { content: true })
    const { a, b, built } = await pair(net)
    const opened = await b.open(built)
    await opened.manifest()
    const start = performance.now()
    await opened.complete(undefined, {})
    expect(performance.now() - start).to.be.greaterThan(RELAY_PATIENCE_MS - 200)
    expect(opened.stats.fromPeers).to.equal(600_000)
    expect(b.events.find(({ name }) => name === 'peer:connect')?.detail).to.include({ peer: 'a', route: 'relay', limited: false })
    expect(b.engine.peers[0]).to.include({ route: 'relay', limited: false })
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('are left for a better way as soon as there is one', async () => {
    const net = new VirtualNet()
    net.relayed.set('a', { content: true })
    const { a, b, built } = await pair(net)
    const opened = await b.open(built)
    await opened.manifest()
    net.relayed.delete('a')
    await opened.complete(undefined, {})
    const received = (route: string): number => b.engine.peers.find(peer => peer.route === route)?.stats.received ?? 0
    // the manifest alone went over the relay, for it was there already
    expect(received('direct')).to.equal(600_000)
    expect(received('relay')).to.be.below(10_000)
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('carry nothing of it where the relay is for signalling', async () => {
    const net = new VirtualNet()
    net.relayed.set('a', { content: false })
    const { a, b, built } = await pair(net)
    const opened = await b.open(built)
    await until(() => b.engine.peers.some(({ limited }) => limited), 'there is a session')
    await new Promise(resolve => { setTimeout(resolve, RELAY_PATIENCE_MS + 500) })
    expect(b.engine.peers[0]?.stats.received).to.equal(0)
    net.relayed.delete('a')
    await opened.complete(undefined, {})
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })
})
