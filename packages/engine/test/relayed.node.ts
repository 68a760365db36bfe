import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { RELAY_PATIENCE_MS } from '../src/defaults.js'
import { rankOf, routeOf } from '../src/route.js'
import type { BuiltManifest } from '@shoal/content/publishing'
import type { SegmentDetail, Session, Transport } from '@shoal/interface'
import { randomBytes } from './bytes.js'
import { collect, elapse, testContent, testNode, type TestNode } from './node.js'
import { VirtualNet } from './virtual-net.js'

const files = { 'a.bin': randomBytes(600_000) }

describe('sessions through a relay', function () {
  this.timeout(30_000)

  let clock: ManualClock
  let net: VirtualNet
  beforeEach(() => {
    clock = new ManualClock()
    net = new VirtualNet(clock)
  })

  async function pair (): Promise<{ a: TestNode, b: TestNode, built: BuiltManifest }> {
    const [a, b] = [await testNode(net, 'a'), await testNode(net, 'b')]
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    return { a, b, built }
  }

  /** Resolves with how long something took, in virtual time: at most a minute. */
  async function passed (work: Promise<unknown>): Promise<number> {
    let over = false
    const watched = work.finally(() => { over = true })
    const ms = await elapse(clock, 60_000, () => over)
    await watched
    return ms
  }

  it('have a route, and their place behind all others', () => {
    const routes: [Transport, string][] = [
      ['tcp', 'direct'], ['quic', 'direct'], ['memory', 'direct'], ['webrtc', 'webrtc'], ['webrtc-direct', 'webrtc-direct'], ['turn', 'turn'], ['ws', 'websocket'], ['relay', 'relay']
    ]
    for (const [transport, route] of routes) expect(routeOf(transport)).to.equal(route)
    const rank = (transport: Transport, limited: boolean): number => rankOf({ transport, limited } as Session)
    expect([rank('webrtc', false), rank('turn', false), rank('relay', false), rank('relay', true)]).to.deep.equal([2, 2, 1, 0])
  })

  it('carry content where the relay allows it, once a better way has had its chance', async () => {
    net.relayed.set('a', { content: true })
    const { a, b, built } = await pair()
    const opened = await b.open(built)
    await passed(opened.manifest())
    expect(await passed(opened.complete(undefined, {}))).to.be.within(RELAY_PATIENCE_MS - 200, RELAY_PATIENCE_MS + 1_000)
    expect(opened.stats.fromPeers).to.equal(600_000)
    expect(b.events.find(({ name }) => name === 'peer:connect')?.detail).to.include({ peer: 'a', route: 'relay', limited: false })
    expect(b.engine.peers[0]).to.include({ route: 'relay', limited: false })
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('are left for a better way as soon as there is one, and segments tell by which their bytes came', async () => {
    net.relayed.set('a', { content: true })
    const { a, b, built } = await pair()
    const opened = await b.open(built)
    const manifest = opened.manifest()
    await passed(manifest)
    net.relayed.delete('a')
    const segment = await (await manifest).find('a.bin')
    await passed(collect(opened.read(segment, {})))
    const received = (route: string): number => b.engine.peers.find(peer => peer.route === route)?.stats.received ?? 0
    // the manifest alone went over the relay, for it was there already
    expect(received('direct')).to.equal(600_000)
    expect(received('relay')).to.be.below(10_000)
    const detail = b.events.find(({ name }) => name === 'segment')?.detail as SegmentDetail
    expect(detail.sources).to.deep.equal([{ kind: 'peer', peer: 'a', route: 'direct', bytes: 600_000 }])
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('carry nothing of it where the relay is for signalling', async () => {
    net.relayed.set('a', { content: false })
    const { a, b, built } = await pair()
    const opened = await b.open(built)
    expect(await elapse(clock, 60_000, () => b.engine.peers.some(({ limited }) => limited)), 'there is a session').to.be.below(60_000)
    await elapse(clock, 2 * RELAY_PATIENCE_MS)
    expect(b.engine.peers[0]?.stats.received).to.equal(0)
    net.relayed.delete('a')
    await passed(opened.complete(undefined, {}))
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })
})
