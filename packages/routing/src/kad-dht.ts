/**
 * The DHT of nodes that serve it: @libp2p/kad-dht with the options of a Shoal network, and what makes it one that `routing` works with.
 * All others have `dhtClient`, which is much smaller and dials nobody but servers.
 *
 * ```ts
 * services: { kad: kadServer({ network: 'shoal' }), dht: overKad({ clock, random }), … }
 * ```
 *
 * @packageDocumentation
 */

import { kadDHT, passthroughMapper, type KadDHT, type KadDHTComponents, type KadDHTInit } from '@libp2p/kad-dht'
import type { Startable } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { BoundedMap, type Clock, type Random } from '@shoal/base'
import { NotFoundError, type PeerHint } from '@shoal/interface'
import type { Datastore } from 'interface-datastore'
import type { CID } from 'multiformats/cid'
import {
  CLEANUP_INTERVAL_MS, ENOUGH_KNOWN, LOOK_AROUND_KEYS, LOOK_AROUND_TIMEOUT_MS, MAX_SERVERS_HEARD, PROVIDER_VALIDITY_MS,
  QUERY_SELF_INTERVAL_MS
} from './defaults.js'
import { hintOf } from './hint.js'
import { dhtProtocol } from './protocol.js'
import type { Dht } from './types.js'

/** Where the DHT keeps its records in the datastore. */
const DHT_PREFIX = '/shoal/dht'

export interface DhtInit {
  /** Nodes of another network are in another DHT. */
  readonly network: string
  /** Answer queries and keep records: for nodes that strangers can dial. */
  readonly server: boolean
}

/**
 * Options for a DHT of our own, `/shoal/<network>/kad/1.0.0`.
 *
 * Private addresses stay in: swarms live in local networks too, and whoever dials decides what it may dial. Records live for minutes.
 * `routing` renews them, so the library's own renewal, which knows nothing of what is still held, is left nothing to do. A lookup while
 * nobody is known ends at once instead of waiting.
 */
export function dhtDefaults ({ network, server }: DhtInit): KadDHTInit {
  return {
    protocol: dhtProtocol(network),
    clientMode: !server,
    peerInfoMapper: passthroughMapper,
    datastorePrefix: DHT_PREFIX,
    allowQueryWithZeroPeers: true,
    querySelfInterval: QUERY_SELF_INTERVAL_MS,
    reprovide: { validity: PROVIDER_VALIDITY_MS, interval: CLEANUP_INTERVAL_MS, threshold: 0 }
  }
}

/**
 * The service `kad` of a node that serves the DHT. The library dials whoever is named in an answer, providers too, and takes everybody who
 * is there for a server: whoever looked a swarm up dialled all of it at once, and later lookups asked those who answer nothing. Here a
 * place in the routing table is for those who have said over a connection that they serve, as whoever a lookup asks does.
 */
export function kadServer ({ network }: Pick<DhtInit, 'network'>): (components: KadDHTComponents) => KadDHT {
  return components => {
    const { peerId, addressManager } = components
    const create = kadDHT({
      ...dhtDefaults({ network, server: true }),
      // of ourselves the peer store has addresses late, or none
      peerInfoMapper: info => info.id.equals(peerId) ? { ...info, multiaddrs: addressManager.getAddresses() } : info
    })
    const serving = new BoundedMap<string, true>(MAX_SERVERS_HEARD)
    const registrar = Object.create(components.registrar, {
      register: {
        value: async (...[protocol, topology]: Parameters<Registrar['register']>) => await components.registrar.register(protocol, {
          ...topology,
          async onConnect (peer, connection) {
            serving.set(peer.toString(), true)
            await topology.onConnect?.(peer, connection)
          }
        })
      }
    }) as Registrar
    const ping: KadDHTComponents['ping'] = {
      async ping (target, options) {
        if (!serving.has(target.toString())) throw new NotFoundError('it has not said that it serves the DHT')
        return await components.ping.ping(target, options)
      }
    }
    // the components are a proxy that knows its properties only: they are inherited, not spread
    return create(Object.create(components, { registrar: { value: registrar }, ping: { value: ping } }) as KadDHTComponents)
  }
}

export interface KadComponents {
  /** The service `kad` of the same node, made before: of `kadServer(…)`. */
  readonly kad: Pick<KadDHT, 'findProviders' | 'getClosestPeers' | 'provide' | 'cancelReprovide'>
  /** Where it keeps its records. */
  readonly datastore: Pick<Datastore, 'queryKeys' | 'deleteMany'>
}

export interface KadInit {
  readonly clock: Clock
  readonly random: Random
}

/** The service `dht` beside a service `kad`. */
export function overKad (init: KadInit): (components: KadComponents) => Dht {
  // the components are a proxy that knows its properties only, so they are not spread
  return ({ kad, datastore }) => new OverKad({ kad, datastore, ...init })
}

class OverKad implements Dht, Startable {
  readonly #components: KadComponents & KadInit

  constructor (components: KadComponents & KadInit) {
    this.#components = components
  }

  get known (): number {
    // the type of the service leaves its routing table out
    return (this.#components.kad as Partial<{ routingTable: { size: number } }> & KadComponents['kad']).routingTable?.size ?? 0
  }

  /** Throws out records of an earlier run: their peers may be gone from the peer store, and ours may promise what is not held any more. */
  async start (): Promise<void> {
    const { datastore } = this.#components
    for await (const _ of datastore.deleteMany(datastore.queryKeys({ prefix: `${DHT_PREFIX}/provider` })));
  }

  stop (): void {}

  async provide (key: CID, { signal }: { readonly signal: AbortSignal }): Promise<number> {
    if (this.known < ENOUGH_KNOWN) await this.#lookAround(signal)
    let nodes = 0
    for await (const event of this.#components.kad.provide(key, { signal })) {
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') nodes++
    }
    return nodes
  }

  /** With nobody else to tell, the library's way of providing is that, and no more. */
  async keep (key: CID, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    for await (const _ of this.#components.kad.provide(key, { signal }));
  }

  async * find (key: CID, { signal }: { readonly signal?: AbortSignal | undefined }): AsyncGenerator<PeerHint> {
    for await (const event of this.#components.kad.findProviders(key, signal === undefined ? {} : { signal })) {
      if (event.name !== 'PROVIDER') continue
      for (const { id, multiaddrs } of event.providers) yield hintOf(id, multiaddrs)
    }
  }

  async forget (key: CID): Promise<void> {
    await this.#components.kad.cancelReprovide(key)
  }

  /**
   * The library's lookup follows only nodes that are closer to the key than the one that named them, so a node that knows one server would
   * often leave its record with that one alone, and lose it with that one. Lookups of random keys bring others into the routing table.
   */
  async #lookAround (signal: AbortSignal): Promise<void> {
    const { kad, clock, random } = this.#components
    const timeout = new AbortController()
    const cancel = clock.after(LOOK_AROUND_TIMEOUT_MS, () => { timeout.abort() })
    const either = AbortSignal.any([signal, timeout.signal])
    await Promise.all(Array.from({ length: LOOK_AROUND_KEYS }, async () => {
      const key = Uint8Array.from({ length: 32 }, () => Math.floor(256 * random()))
      try {
        for await (const _ of kad.getClosestPeers(key, { signal: either }));
      } catch {
        // whoever does not answer in time is no help
      }
    }))
    cancel()
  }
}
