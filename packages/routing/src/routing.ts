import type { PeerHint, PeerName, Routing, SwarmId } from '@shoal/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { withPeer } from './addrs.js'
import {
  ENOUGH_KNOWN, LOOK_AROUND_KEYS, LOOK_AROUND_TIMEOUT_MS, MAX_ADDRS_PER_PEER, MAX_CONCURRENT_PROVIDES, MAX_FOUND_PEERS
} from './defaults.js'
import { DHT_PREFIX } from './dht.js'
import { swarmKey } from './key.js'
import { Provider } from './provider.js'
import { Turns } from './turns.js'
import type { RoutingComponents, RoutingInit } from './types.js'

/** One provider record per swarm, over the DHT that the composition root made. */
export class DhtRouting implements Routing {
  readonly #init: RoutingInit
  readonly #components: RoutingComponents
  readonly #providers = new Map<SwarmId, Provider>()
  readonly #turns = new Turns(MAX_CONCURRENT_PROVIDES)
  #running = false

  constructor (components: RoutingComponents, init: RoutingInit) {
    this.#components = components
    this.#init = init
  }

  get known (): number {
    // the type of the service leaves its routing table out
    return (this.#components.dht as Partial<{ routingTable: { size: number } }> & Pick<KadDHT, 'provide'>).routingTable?.size ?? 0
  }

  async start (): Promise<void> {
    const { datastore } = this.#components
    if (datastore !== undefined) {
      // records of an earlier run: their peers may be gone from the peer store, and ours may promise what is not held any more
      for await (const _ of datastore.deleteMany(datastore.queryKeys({ prefix: `${DHT_PREFIX}/provider` })));
    }
    this.#running = true
    for (const provider of this.#providers.values()) provider.start()
  }

  async stop (): Promise<void> {
    this.#running = false
    for (const provider of this.#providers.values()) provider.stop()
    this.#providers.clear()
  }

  provide (swarm: SwarmId): void {
    if (this.#providers.has(swarm)) return
    const { dht, clock, random, addresses } = this.#components
    const key = swarmKey(swarm)
    const provider = new Provider(swarm, {
      clock,
      random,
      emit: event => { this.#init.onevent?.(event) },
      obstacle: () => {
        if (this.known === 0) return 'no DHT node is known'
        return addresses().length === 0 ? 'this node has no address to be found at' : undefined
      },
      tell: signal => this.#turns.run(signal, async () => {
        if (this.known < ENOUGH_KNOWN) await this.#lookAround(signal)
        let nodes = 0
        for await (const event of dht.provide(key, { signal })) {
          if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') nodes++
        }
        return nodes
      })
    })
    this.#providers.set(swarm, provider)
    if (this.#running) provider.start()
  }

  unprovide (swarm: SwarmId): void {
    const provider = this.#providers.get(swarm)
    if (provider === undefined) return
    provider.stop()
    this.#providers.delete(swarm)
    // forgets our own copy; those on other nodes expire
    this.#components.dht.cancelReprovide(swarmKey(swarm)).catch((error: unknown) => { this.#failed(swarm, 'forgetting our record', error) })
  }

  async * find (swarm: SwarmId, { signal }: { signal?: AbortSignal | undefined }): AsyncGenerator<PeerHint> {
    const seen = new Set<PeerName>([this.#components.peerId.toString()])
    try {
      for await (const event of this.#components.dht.findProviders(swarmKey(swarm), signal === undefined ? {} : { signal })) {
        if (event.name !== 'PROVIDER') continue
        for (const { id, multiaddrs } of event.providers) {
          const peer = id.toString()
          if (seen.has(peer)) continue
          if (seen.size > MAX_FOUND_PEERS) return
          seen.add(peer)
          const addrs = multiaddrs.slice(0, MAX_ADDRS_PER_PEER).flatMap(addr => withPeer(addr, peer) ?? [])
          yield { peer, addrs: [...new Set(addrs)] }
        }
      }
    } catch (error) {
      if (signal?.aborted !== true) this.#failed(swarm, 'looking for providers', error)
    }
  }

  /**
   * A lookup follows only nodes that are closer to the key than the one that named them, so a node that knows one server would often leave
   * its record with that one alone, and lose it with that one. Lookups of random keys bring others into the routing table.
   */
  async #lookAround (signal: AbortSignal): Promise<void> {
    const { dht, clock, random } = this.#components
    const timeout = new AbortController()
    const cancel = clock.after(LOOK_AROUND_TIMEOUT_MS, () => { timeout.abort() })
    const either = AbortSignal.any([signal, timeout.signal])
    await Promise.all(Array.from({ length: LOOK_AROUND_KEYS }, async () => {
      const key = Uint8Array.from({ length: 32 }, () => Math.floor(256 * random()))
      try {
        for await (const _ of dht.getClosestPeers(key, { signal: either }));
      } catch {
        // whoever does not answer in time is no help
      }
    }))
    cancel()
  }

  #failed (swarm: SwarmId, doing: string, error: unknown): void {
    this.#init.onevent?.({ type: 'failed', swarm, doing, reason: error instanceof Error ? error.message : String(error) })
  }
}
