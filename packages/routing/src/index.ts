/**
 * The first peers of a swarm, without a tracker: one provider record per swarm in a Kademlia DHT of Shoal's own nodes. Reachable nodes are
 * its servers (`@shoal/routing/kad-dht`), all others its clients. Records are renewed for as long as `provide` stands, and readers expect
 * some of them to be dead.
 *
 * ```ts
 * const node = await createLibp2p({
 *   peerStore: peerStoreDefaults(),
 *   services: { dht: dhtClient({ network: 'shoal', clock }), … }
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

import type { Clock } from '@shoal/base'
import type { Routing } from '@shoal/interface'
import { DhtClient, type DhtClientComponents } from './client/client.js'
import { dhtProtocol } from './protocol.js'
import { DhtRouting } from './routing.js'
import type { Dht, RoutingComponents, RoutingInit } from './types.js'

export function routing (init: RoutingInit = {}): (components: RoutingComponents) => Routing {
  return components => new DhtRouting(components, init)
}

/** A client of a network's DHT, as a libp2p service: for all who serve nothing. Finds peers by name for libp2p, too. */
export function dhtClient (init: { readonly network: string, readonly clock: Clock }): (components: DhtClientComponents) => Dht {
  const { network, clock } = init
  return ({ peerId, addressManager, registrar, connectionManager, peerStore }) =>
    new DhtClient(dhtProtocol(network), { peerId, addressManager, registrar, connectionManager, peerStore, clock })
}

export { peerStoreDefaults } from './peer-store.js'
export { checkBootstrap, resolveBootstrap, type ResolveBootstrapOptions } from './bootstrap.js'
export { usableAddrs, type Dialler } from './addrs.js'
export { networksOf } from './protocol.js'
export { hearsayAddrs, scopeOf, scopeOfPeer, type Scope } from './scope.js'
export type { Dht, RoutingComponents, RoutingEvent, RoutingInit } from './types.js'
