import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { MemoryDatastore } from 'datastore-core'
import type { Datastore } from 'interface-datastore'
import { createLibp2p, type Libp2p } from 'libp2p'
import { seededRandom, systemClock, systemRandom, type Clock } from '@shoal/base'
import type { PeerHint, Routing } from '@shoal/interface'
import { dhtClient, peerStoreDefaults, routing, type Dht, type RoutingEvent } from '../../src/index.js'
import { dhtDefaults, kadServer, overKad } from '../../src/kad-dht.js'

export interface Node {
  libp2p: Libp2p<{ dht: Dht }>
  routes: Routing
  /** Resolves with how many nodes took the first record. */
  provided: Promise<number>
}

export interface NodeInit {
  /** Serves the DHT. */
  server?: boolean
  /** What a client is made of: the library's, or ours. */
  client?: 'kad' | 'own'
  network?: string
  datastore?: Datastore
  /** Of our client. */
  clock?: Clock
  /** Makes its name. */
  seed?: number
}

/** A real node on this machine, with routing over the DHT. */
export async function startNode (init: NodeInit): Promise<Node> {
  const { server = false, client = 'kad', network = 'test', datastore = new MemoryDatastore(), clock = systemClock, seed } = init
  const random = seed === undefined ? systemRandom : seededRandom(seed)
  const options = { datastore, ...await loopback(seed) }
  const services = { identify: identify(), ping: ping() }
  const libp2p: Libp2p<{ dht: Dht }> = server || client === 'kad'
    ? await createLibp2p({
      ...options,
      services: {
        ...services,
        kad: server ? kadServer({ network }) : kadDHT(dhtDefaults({ network, server })),
        dht: overKad({ clock: systemClock, random })
      }
    })
    : await createLibp2p({ ...options, services: { ...services, dht: dhtClient({ network, clock }) } })
  const { promise: provided, resolve } = Promise.withResolvers<number>()
  const onevent = (event: RoutingEvent): void => { if (event.type === 'provided') resolve(event.nodes) }
  const routes = routing({ onevent })({
    dht: libp2p.services.dht,
    peerId: libp2p.peerId,
    addresses: () => libp2p.getMultiaddrs(),
    clock: systemClock,
    random
  })
  await routes.start()
  return { libp2p, routes, provided }
}

/** A libp2p node that has nothing to do with the DHT. */
export async function startPlain (): Promise<Libp2p> {
  return await createLibp2p({ ...await loopback(), services: { identify: identify() } })
}

async function loopback (seed?: number) {
  return {
    ...(seed === undefined ? {} : { privateKey: await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(seed)) }),
    peerStore: peerStoreDefaults(),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1000 }
  }
}

export async function stop ({ libp2p, routes }: Node): Promise<void> {
  await routes.stop()
  await libp2p.stop()
}

/** Connects, and waits until it knows the DHT. */
export async function join (node: Node, bootstrap: Node): Promise<void> {
  await node.libp2p.dial(bootstrap.libp2p.getMultiaddrs())
  await until(() => node.routes.known > 0)
}

export async function until (done: () => boolean): Promise<void> {
  while (!done()) await new Promise(resolve => { setTimeout(resolve, 10) })
}

export async function find (node: Node, swarm: string, signal?: AbortSignal): Promise<PeerHint[]> {
  const hints: PeerHint[] = []
  for await (const hint of node.routes.find(swarm, { signal })) hints.push(hint)
  return hints
}

export function swarm (n: number): string {
  return n.toString(16).padStart(64, '0')
}
