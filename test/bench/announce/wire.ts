/**
 * Announcements between real gossipsub nodes over loopback: what all of gossipsub's traffic is for each announcement that a node hears,
 * copies, gossip and control included.
 *
 * Sends `{ announcements, copies }`: announcements heard per node, and bytes received by gossipsub's streams over the bytes of the
 * announcements, envelopes included.
 */

import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Metrics, Stream } from '@libp2p/interface'
import { availability, gossipsubDefaults } from '../../../packages/availability/dist/src/index.js'
import { ENVELOPE_BYTES } from '../../../packages/availability/dist/src/defaults.js'
import { ManualClock, seededRandom } from '../../../packages/base/dist/src/index.js'

export interface Wired { readonly announcements: number, readonly copies: number }

const SWARM = 'ef'.repeat(32)
const [count = '16', degree = '6', seconds = '20'] = process.argv.slice(2)
const tally = { received: 0, heard: 0, announced: 0 }

/** Counts what gossipsub's streams bring; whatever else libp2p would measure goes nowhere. */
const nowhere: object = new Proxy({}, { get: (_, name) => name === 'timer' ? () => () => {} : () => nowhere })
const counting = (): Metrics => ({
  trackMultiaddrConnection: () => {},
  trackProtocolStream: (stream: Stream) => {
    if (stream.protocol.startsWith('/meshsub/')) {
      stream.addEventListener('message', ({ data }) => { tally.received += data.byteLength })
    }
  },
  ...Object.fromEntries(['Metric', 'MetricGroup', 'Counter', 'CounterGroup', 'Histogram', 'HistogramGroup', 'Summary', 'SummaryGroup']
    .map(kind => [`register${kind}`, () => nowhere])),
  traceFunction: (_name: string, fn: unknown) => fn,
  createTrace: () => undefined
}) as unknown as Metrics

const sleep = async (ms: number): Promise<void> => { await new Promise(resolve => setTimeout(resolve, ms)) }

const nodes = await Promise.all(Array.from({ length: Number(count) }, async (_, i) => {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    metrics: counting,
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 1000 },
    services: { identify: identify(), pubsub: gossipsub(gossipsubDefaults()) }
  })
  const clock = new ManualClock(1_700_000_000_000 + i)
  const { services: { pubsub } } = node
  const publish = pubsub.publish.bind(pubsub)
  pubsub.publish = async (topic, data = new Uint8Array(0)) => {
    tally.announced += data.byteLength + ENVELOPE_BYTES
    return await publish(topic, data)
  }
  const announcing = availability({ network: 'bench' })({ pubsub, peerId: node.peerId, clock, random: seededRandom(i) })
  await announcing.start(event => { if (event.type === 'announcement') tally.heard++ })
  let share = 0
  announcing.join(SWARM, () => ({
    have: { complete: [{ start: 0, count: ++share }], partial: [] }, capacity: 2, share: 0.5, addrs: node.getMultiaddrs().map(String)
  }))
  return { node, clock, announcing }
}))
for (const [i, { node }] of nodes.entries()) {
  // a failure would make a thinner mesh, and a better figure: it ends the bench
  for (let d = 1; d <= Number(degree); d++) await node.dial(nodes[(i + d) % nodes.length]?.node.getMultiaddrs() ?? [])
}
await sleep(5_000)
Object.assign(tally, { received: 0, heard: 0, announced: 0 })
// ten times as fast as it would be: heartbeats stay what they are, so gossip about announcements is what it is in a quiet swarm
for (let step = 0; step < Number(seconds) * 10; step++) {
  for (const { clock } of nodes) clock.advance(1_000)
  await sleep(100)
}
await sleep(4_000)
const wired: Wired = {
  announcements: tally.heard / nodes.length,
  copies: tally.received / (tally.announced * (nodes.length - 1))
}
if (process.send === undefined) console.log(wired, tally)
else process.send(wired)
await Promise.all(nodes.map(async ({ node, announcing }) => {
  await announcing.stop()
  await node.stop()
}))
process.exit()
