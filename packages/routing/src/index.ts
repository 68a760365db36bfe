/**
 * The first peers of a swarm, without a tracker: one provider record per swarm in a Kademlia DHT of Shoal's own nodes. Reachable nodes are
 * its servers, all others its clients. Records are renewed for as long as `provide` stands, and readers expect some of them to be dead.
 *
 * ```ts
 * const node = await createLibp2p({
 *   peerStore: peerStoreDefaults(),
 *   services: { dht: kadDHT(dhtDefaults({ network: 'shoal', server: false })), … }
 * })
 * const routes = routing()({ dht: node.services.dht, peerId: node.peerId, addresses: () => node.getMultiaddrs(), clock, random })
 * await routes.start()
 * for await (const { peer, addrs } of routes.find(swarm, { signal })) { … }
 * ```
 *
 * Beside it: where the first nodes of all come from (`resolveBootstrap`), and which addresses a node or a page may dial (`usableAddrs`).
 *
 * @packageDocumentation
 */

import type { Routing } from '@shoal/interface'
import { DhtRouting } from './routing.js'
import type { RoutingComponents, RoutingInit } from './types.js'

export function routing (init: RoutingInit = {}): (components: RoutingComponents) => Routing {
  return components => new DhtRouting(components, init)
}

export { dhtDefaults, peerStoreDefaults, type DhtInit } from './dht.js'
export { checkBootstrap, resolveBootstrap, type ResolveBootstrapOptions } from './bootstrap.js'
export { usableAddrs, type Dialler } from './addrs.js'
export { hearsayAddrs, scopeOf, scopeOfPeer, type Scope } from './scope.js'
export type { RoutingComponents, RoutingEvent, RoutingInit } from './types.js'
