import type { PeerHint, PeerName, Routing, SwarmId } from '@shoal/interface'
import { MAX_CONCURRENT_PROVIDES, MAX_FOUND_PEERS } from './defaults.js'
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
    return this.#components.dht.known
  }

  async start (): Promise<void> {
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
      swarms: () => this.#providers.size,
      emit: event => { this.#init.onevent?.(event) },
      known: () => this.known > 0,
      addressed: () => addresses().length > 0,
      keep: dht.keep === undefined ? undefined : async signal => { await dht.keep?.(key, { signal }) },
      tell: signal => this.#turns.run(signal, () => dht.provide(key, { signal }))
    })
    this.#providers.set(swarm, provider)
    if (this.#running) provider.start()
  }

  unprovide (swarm: SwarmId): void {
    const provider = this.#providers.get(swarm)
    if (provider === undefined) return
    provider.stop()
    this.#providers.delete(swarm)
    this.#components.dht.forget(swarmKey(swarm)).catch((error: unknown) => { this.#failed(swarm, 'forgetting our record', error) })
  }

  async * find (swarm: SwarmId, { signal }: { signal?: AbortSignal | undefined }): AsyncGenerator<PeerHint> {
    const seen = new Set<PeerName>([this.#components.peerId.toString()])
    try {
      for await (const hint of this.#components.dht.find(swarmKey(swarm), { signal })) {
        if (seen.has(hint.peer)) continue
        if (seen.size > MAX_FOUND_PEERS) return
        seen.add(hint.peer)
        yield hint
      }
    } catch (error) {
      if (signal?.aborted !== true) this.#failed(swarm, 'looking for providers', error)
    }
  }

  #failed (swarm: SwarmId, doing: string, error: unknown): void {
    this.#init.onevent?.({ type: 'failed', swarm, doing, reason: error instanceof Error ? error.message : String(error) })
  }
}
