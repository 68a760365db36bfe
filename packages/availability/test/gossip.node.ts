import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p, type Libp2p } from 'libp2p'
import { ManualClock, seededRandom } from '@shoal/base'
import type { AnnouncementEvent, Availability } from '@shoal/interface'
import { availability, gossipsubDefaults } from '../src/index.js'

const SWARM = 'ef'.repeat(32)
const TOPIC = `/shoal/test/swarm/${SWARM}`

interface Node { libp2p: Libp2p<{ pubsub: GossipSub }>, announcing: Availability, clock: ManualClock, events: AnnouncementEvent[] }

describe('announcements between real nodes', () => {
  const nodes: Node[] = []

  async function node (): Promise<Node> {
    const libp2p = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 100 },
      services: { identify: identify(), pubsub: gossipsub(gossipsubDefaults()) }
    })
    const clock = new ManualClock(1_700_000_000_000)
    const events: AnnouncementEvent[] = []
    const { peerId, services: { pubsub } } = libp2p
    const announcing = availability({ network: 'test' })({ pubsub, peerId, clock, random: seededRandom(1) })
    await announcing.start(event => { events.push(event) })
    announcing.join(SWARM, () => ({
      have: { complete: [{ start: 2, count: 5 }], partial: [] }, capacity: 3, share: 1, addrs: libp2p.getMultiaddrs().map(String)
    }))
    const made = { libp2p, announcing, clock, events }
    nodes.push(made)
    return made
  }

  async function until (done: () => boolean): Promise<void> {
    while (!done()) await new Promise(resolve => setTimeout(resolve, 10))
  }

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async ({ libp2p, announcing }) => {
      await announcing.stop()
      await libp2p.stop()
    }))
  })

  it('go from end to end of a line, signed by who made them', async () => {
    const [first, middle, last] = [await node(), await node(), await node()]
    await first.libp2p.dial(middle.libp2p.getMultiaddrs())
    await last.libp2p.dial(middle.libp2p.getMultiaddrs())
    // either end of a connection hears of the other's subscription in its own time
    await until(() => nodes.every(({ announcing }) => announcing.swarmSize(SWARM) === (announcing === middle.announcing ? 3 : 2)))
    first.clock.advance(7000)
    await until(() => last.events.length > 0)
    const peer = first.libp2p.peerId.toString()
    expect(last.events[0]).to.have.property('announcement').that.deep.includes({
      peer, swarm: SWARM, have: { complete: [{ start: 2, count: 5 }], partial: [] }, capacity: 3, share: 1,
      addrs: first.libp2p.getMultiaddrs().map(String)
    })
    expect(last.announcing.swarmSize(SWARM), 'the neighbour and the peer behind it').to.equal(2)
    expect(first.events).to.deep.equal([])
  })

  it('stop at the first honest node when they are garbage', async () => {
    const [liar, middle, last] = [await node(), await node(), await node()]
    await liar.libp2p.dial(middle.libp2p.getMultiaddrs())
    await last.libp2p.dial(middle.libp2p.getMultiaddrs())
    // either end of a connection hears of the other's subscription in its own time
    await until(() => nodes.every(({ announcing }) => announcing.swarmSize(SWARM) === (announcing === middle.announcing ? 3 : 2)))
    await liar.libp2p.services.pubsub.publish(TOPIC, Uint8Array.of(1, 2, 3))
    await until(() => middle.events.length > 0)
    expect(middle.events[0]).to.include({ type: 'rejected', from: liar.libp2p.peerId.toString() })
    middle.clock.advance(7000)
    await until(() => last.events.length > 0)
    expect(last.events.map(({ type }) => type)).to.deep.equal(['announcement'])
  })

  it('reach more peers behind one address than the library tolerates by default', async () => {
    const hub = await node()
    const others = await Promise.all(Array.from({ length: 14 }, node))
    for (const { libp2p } of others) await libp2p.dial(hub.libp2p.getMultiaddrs())
    await until(() => hub.announcing.swarmSize(SWARM) === 15)
    const pubsub = hub.libp2p.services.pubsub as GossipSub & { getScore (peer: string): number }
    for (const { libp2p } of others) expect(pubsub.getScore(libp2p.peerId.toString())).to.be.at.least(0)
  })
})
