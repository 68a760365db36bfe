/** libp2p nodes that connect and identify each other, with or without the services that Shoal runs beside it. */

import { setTimeout as sleep } from 'node:timers/promises'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { kadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { work, type Job } from '../support/worker.ts'
import { SETTLE_MS, TOPIC } from './settle.ts'

async function node ({ options }: Job, listen: string[]): Promise<Libp2p> {
  const init = {
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [options['security'] === 'noise' ? noise() : tls()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    // all come from one address
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: Infinity }
  }
  if (options['services'] !== 'all') return await createLibp2p({ ...init, services: { identify: identify() } })
  const made = await createLibp2p({
    ...init,
    services: { identify: identify(), identifyPush: identifyPush(), ping: ping(), dht: kadDHT({ clientMode: true }), pubsub: gossipsub() }
  })
  made.services.pubsub.subscribe(TOPIC)
  return made
}

work({
  async seed (job) {
    return { found: (await node(job, ['/ip4/127.0.0.1/tcp/0'])).getMultiaddrs().map(String)[0] }
  },

  async fetch (job) {
    const nodes = await Promise.all(Array.from({ length: Number(job.options['connections']) }, () => node(job, [])))
    return {
      async fetch () {
        for (const libp2p of nodes) await libp2p.dial(multiaddr(job.found as string))
        await sleep(SETTLE_MS)
      },
      result: () => undefined
    }
  }
})
