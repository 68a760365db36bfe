import { availability } from '@shoal/availability'
import type { Availability, HaveDelta } from '@shoal/interface'
import { VirtualClock } from './clock.js'
import { drained } from './drain.node.js'
import { Gossip, type Overlay } from './gossip.js'
import { Host } from './host.js'
import { Traffic, type Network } from './network.js'
import { quantilesOf, round } from './quantiles.js'
import { randomFor } from './random.js'
import type { Quantiles } from './types.js'

const SWARM = '5a'.repeat(32)
const GRAPH_RANDOM = 11
const PEER_RANDOM = 2_000_000
/** ms, one way: uniform. */
const DELAY_MS = [10, 100] as const

export interface AnnounceInit {
  readonly seed: number
  readonly peers: number
  readonly seconds: number
  /** Not counted at the beginning: everybody's first announcement. @default half of the time */
  readonly warmUp?: number | undefined
  /** Connections of a peer, on average. @default 18 */
  readonly degree?: number | undefined
}

/** Bytes per second and peer, as received. */
export interface AnnounceReport {
  readonly peers: number
  readonly bpsPerPeer: number
  readonly announcements: number
  /** What a peer takes the swarm's size for, over what it is. */
  readonly sizeEstimate: Quantiles
  /** Different peers that one has heard of. */
  readonly heard: Quantiles
  readonly events: number
}

/**
 * Announcements alone, for swarms that are too large to simulate whole: the real announcements of every peer over the virtual gossipsub, on
 * a random graph of connections that stays as it is. Nobody downloads anything.
 */
export async function announce ({ seed, peers, seconds, warmUp = seconds / 2, degree = 18 }: AnnounceInit): Promise<AnnounceReport> {
  const clock = new VirtualClock(5)
  const random = randomFor(seed, GRAPH_RANDOM)
  const traffic = new Traffic()
  const net = { clock, latencies: [[0]], loss: 0, traffic, random } as unknown as Network
  let announcements = 0
  const overlay: Overlay = {
    net,
    random,
    hosts: peers,
    count: (_topic, bytes, messages) => {
      traffic.announced += bytes
      announcements += messages
    }
  }
  const heard: Set<string>[] = []
  const gossips: Gossip[] = []
  const announcing: Availability[] = []
  for (let index = 0; index < peers; index++) {
    const access = DELAY_MS[0] / 2 + random() * (DELAY_MS[1] - DELAY_MS[0]) / 2
    const host = new Host({ name: `v${index}`, index, region: 0, access, nat: 'open', up: 1, down: 1, connections: Infinity }, clock)
    const gossip = new Gossip(host, overlay)
    gossips.push(gossip)
    announcing.push(availability({ network: 'shoal' })({
      pubsub: gossip.pubsub, peerId: { toString: () => host.name }, clock, random: randomFor(seed, PEER_RANDOM + index)
    }))
  }
  for (let edges = 0; edges < peers * degree / 2;) {
    const [a, b] = [gossips[Math.floor(random() * peers)], gossips[Math.floor(random() * peers)]] as [Gossip, Gossip]
    if (peers > 1 && (a === b || (a.neighbours.has(b) && edges < peers * (peers - 1) / 2 - 1 && peers > degree + 1))) continue
    edges++
    if (a === b) continue
    a.linked(b)
    b.linked(a)
  }
  for (const [index, each] of announcing.entries()) {
    const known = new Set<string>()
    heard.push(known)
    await each.start(event => { if (event.type === 'announcement') known.add(event.announcement.peer) })
    clock.at(random() * 30_000, () => {
      const have = (): HaveDelta => ({ complete: [{ start: Math.floor(clock.now() / 6_000), count: 10 }], partial: [] })
      each.join(SWARM, () => ({ have: have(), capacity: 2, share: 1, addrs: [] }))
      if (index % 2 === 0) each.hasten(SWARM)
    })
  }
  let before = 0
  clock.after(1000 * warmUp, () => { before = traffic.announced })
  await clock.run(1000 * seconds, drained)
  return {
    peers,
    bpsPerPeer: round((traffic.announced - before) / (seconds - warmUp) / peers),
    announcements,
    sizeEstimate: quantilesOf(announcing.map(each => each.swarmSize(SWARM) / peers)),
    heard: quantilesOf(heard.map(({ size }) => size)),
    events: clock.events
  }
}
