/** js-libp2p 2, with what its packages of that time had: what is deployed does not change at once. */

import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { quic } from '@chainsafe/libp2p-quic'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { common, drive } from '../driver.ts'

await drive(async config => {
  const heard: { topic: string, from: string, via: string, data: string }[] = []
  const kad = config['kad'] === true
    ? { kad: kadDHT({ protocol: `/shoal/${String(config['network'])}/kad/1.0.0`, clientMode: false, peerInfoMapper: passthroughMapper }) }
    : {}
  const node = await createLibp2p({
    addresses: { listen: config['listen'] as string[] },
    transports: [tcp(), webSockets(), quic()],
    connectionEncrypters: [noise(), tls()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      relay: circuitRelayServer(),
      pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }),
      ...kad
    }
  })
  const { pubsub } = node.services as unknown as { pubsub: ReturnType<ReturnType<typeof gossipsub>> }
  pubsub.addEventListener('gossipsub:message', ({ detail: { msg, propagationSource } }) => {
    const from = msg.type === 'signed' ? msg.from.toString() : ''
    heard.push({ topic: msg.topic, from, via: propagationSource.toString(), data: Buffer.from(msg.data).toString('hex') })
  })
  return {
    peer: node.peerId.toString(),
    addrs: node.getMultiaddrs().map(String),
    commands: {
      ...common(node as never, multiaddr),
      async provide ({ key }) {
        await node.contentRouting.provide(CID.parse(key as string), { signal: AbortSignal.timeout(20_000) })
        return 'done'
      },
      async find ({ key }) {
        const found: { peer: string, addrs: string[] }[] = []
        try {
          for await (const { id, multiaddrs } of node.contentRouting.findProviders(CID.parse(key as string), { signal: AbortSignal.timeout(5_000) })) {
            found.push({ peer: id.toString(), addrs: multiaddrs.map(String) })
          }
        } catch {
          // nobody, so far
        }
        return found
      },
      async subscribe ({ topic }) {
        pubsub.subscribe(topic as string)
        return 'done'
      },
      heard: async ({ topic }) => heard.filter(message => message.topic === topic)
    }
  }
})
