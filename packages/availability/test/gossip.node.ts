import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { RPC } from '@libp2p/gossipsub/message'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p, type Libp2p } from 'libp2p'
import { ManualClock, seededRandom } from '@shoal/base'
import type { AnnouncementEvent, Availability } from '@shoal/interface'
import { availability, gossipsubDefaults } from '../src/index.js'
import { SCORE_THRESHOLDS, type Scores } from '../src/scoring.js'

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

  it('reach all of thirty, whoever is connected to whom', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, node))
    for (const [i, { libp2p }] of all.entries()) {
      for (const step of [1, 7]) await libp2p.dial((all[(i + step) % all.length] as Node).libp2p.getMultiaddrs())
    }
    await until(() => all.every(({ announcing }) => announcing.swarmSize(SWARM) >= 5))
    const heard = ({ events }: Node): Set<string> => new Set(events.flatMap(event => event.type === 'announcement' ? [event.announcement.peer] : []))
    // whoever was not in a mesh yet hears the next
    while (!all.every(one => heard(one).size === all.length - 1)) {
      for (const { clock } of all) clock.advance(1000)
      await sleep(100)
    }
    for (const { announcing, events } of all) {
      expect(announcing.swarmSize(SWARM)).to.be.within(5, all.length)
      expect(events.filter(({ type }) => type !== 'announcement')).to.deep.equal([])
    }
  }).timeout(90_000)

  it('go on among the honest while one floods them with garbage in many names, who is soon heard by nobody', async () => {
    const [honest, target, liar] = [await node(), await node(), await node()]
    await honest.libp2p.dial(target.libp2p.getMultiaddrs())
    await liar.libp2p.dial(target.libp2p.getMultiaddrs())
    await until(() => target.announcing.swarmSize(SWARM) === 3)
    const pubsub = target.libp2p.services.pubsub as GossipSub & { getScore (peer: string): number }
    const scoreOf = ({ libp2p }: Node): number => pubsub.getScore(libp2p.peerId.toString())
    // names that are made up on the spot: there is nobody to shut out but who passes them on
    for (let i = 0; i < 40; i++) await passOn(liar, target, await forged())
    await until(() => scoreOf(liar) < SCORE_THRESHOLDS.graylistThreshold)
    const refused = target.events.filter(({ type }) => type === 'rejected').length
    expect(refused).to.be.within(9, 40)
    await sleep(1_100)
    for (let i = 0; i < 40; i++) await passOn(liar, target, await forged())
    liar.clock.advance(7000)
    honest.clock.advance(7000)
    await until(() => target.events.some(({ type }) => type === 'announcement'))
    expect(target.events.filter(({ type }) => type === 'rejected'), 'nothing more of it is even looked at').to.have.length(refused)
    expect(target.events.flatMap(event => event.type === 'announcement' ? [event.announcement.peer] : [])).to.deep.equal([honest.libp2p.peerId.toString()])
    expect(scoreOf(honest)).to.be.at.least(0)
    expect(honest.events.filter(({ type }) => type === 'rejected'), 'and nothing was passed on').to.deep.equal([])
  })

  it('cost a peer nothing that passed on one that is bad, and nothing is kept of a swarm that was left', async () => {
    const [first, second] = [await node(), await node()]
    await first.libp2p.dial(second.libp2p.getMultiaddrs())
    await until(() => nodes.every(({ announcing }) => announcing.swarmSize(SWARM) === 2))
    const pubsub = second.libp2p.services.pubsub as GossipSub & { getScore (peer: string): number, score: Scores }
    const peer = first.libp2p.peerId.toString()
    await passOn(first, second, await forged())
    await until(() => second.events.length > 0)
    await sleep(1_100)
    expect(pubsub.getScore(peer), 'it is heard as before').to.be.above(SCORE_THRESHOLDS.gossipThreshold)
    expect(pubsub.score.params.topics).to.have.property(TOPIC)
    second.announcing.leave(SWARM)
    expect(pubsub.score.params.topics).to.not.have.property(TOPIC)
    // gossipsub reads the parameters of every topic it has counts of when a peer goes
    await second.libp2p.hangUp(first.libp2p.peerId)
    await until(() => second.libp2p.getConnections().length === 0 && pubsub.getScore(peer) === 0)
  })
})

async function sleep (ms: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, ms))
}

/** Garbage, signed as it should be by somebody who is not there. */
async function forged (): Promise<RPC.Message> {
  const privateKey = await generateKeyPair('Ed25519')
  const seqno = Uint8Array.from({ length: 8 }, () => Math.floor(256 * Math.random()))
  const message = { from: privateKey.publicKey.toMultihash().bytes, data: Uint8Array.of(9, 9, 9), seqno, topic: TOPIC }
  const signed = new Uint8Array([...new TextEncoder().encode('libp2p-pubsub:'), ...RPC.Message.encode(message)])
  return { ...message, signature: await privateKey.sign(signed), key: publicKeyToProtobuf(privateKey.publicKey) }
}

/** As a node does that judges nothing. */
async function passOn (from: Node, to: Node, message: RPC.Message): Promise<void> {
  const pubsub = from.libp2p.services.pubsub as unknown as { sendRpc (peer: string, rpc: unknown): boolean }
  pubsub.sendRpc(to.libp2p.peerId.toString(), { subscriptions: [], messages: [message] })
  await sleep(1)
}
