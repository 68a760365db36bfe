import { availability, createHaveMap } from '@shoal/availability'
import type { Random } from '@shoal/base'
import { createEngine, type Engine, type OpenSwarm } from '@shoal/engine'
import type { CapacityClass, Mode, Origin, Overlay, PeerHint, PeerName } from '@shoal/interface'
import { openLedger } from '@shoal/ledger'
import { VirtualExchange } from './exchange.js'
import { Gossip, type Overlay as GossipOverlay } from './gossip.js'
import type { Host } from './host.js'
import type { Span } from './manifest.js'
import type { Material } from './material.js'
import { Providers, type Network } from './network.js'
import { virtualSource } from './source.js'
import type { VirtualStore } from './store.js'
import type { Scenario } from './types.js'

/** The name of the one swarm of a world: 32 bytes in hex, as on the wire. */
const SWARM = '5a'.repeat(32)
/** A lookup in the DHT takes so long, and finds at most so many providers: what readers ask for at once. */
const LOOKUP_MS = 800
const LOOKUP_PROVIDERS = 20
/** The same seed of a node's own generator never serves two nodes. */
const NODE_RANDOM = 1_000_000

/** What a node needs of the world that it is in. */
export interface Ground {
  readonly net: Network
  readonly overlay: GossipOverlay
  readonly material: Material
  readonly live: boolean
  readonly scenario: Pick<Scenario, 'hints'>
  readonly gossips: Map<PeerName, Gossip>
  event (peer: PeerName, name: string, detail: unknown): void
}

export interface NodeInit {
  readonly host: Host
  readonly random: Random
  readonly capacity: CapacityClass
  readonly mode: Exclude<Mode, 'auto'>
  readonly overlay?: Overlay | undefined
  readonly origin: Origin | undefined
  /** Bytes per second that it gives. */
  readonly rate: number
  readonly hints: readonly PeerHint[]
  readonly neighbours: number | undefined
  readonly head: Uint8Array | undefined
  readonly store: VirtualStore
  readonly moved: (span: Span) => void
  /** The first block from a peer came. */
  readonly served: () => void
}

/** A Shoal node of a simulation: the real engine with the real announcements and ledger, on a virtual network. */
export class SimNode {
  readonly host: Host
  readonly engine: Engine
  readonly exchange: VirtualExchange
  readonly gossip: Gossip
  readonly open: OpenSwarm
  readonly #world: Ground

  private constructor (world: Ground, host: Host, engine: Engine, exchange: VirtualExchange, gossip: Gossip, open: OpenSwarm) {
    this.#world = world
    this.host = host
    this.engine = engine
    this.exchange = exchange
    this.gossip = gossip
    this.open = open
  }

  static async start (world: Ground, init: NodeInit): Promise<SimNode> {
    const { host, random, capacity, rate, store, neighbours } = init
    const { net, material, live, overlay } = world
    const self = host.name
    const exchange = new VirtualExchange(host, net)
    const gossip = new Gossip(host, overlay)
    net.exchanges.set(self, exchange)
    world.gossips.set(self, gossip)
    const engine = createEngine({
      self, capacity, upload: { rate }, ...neighbours !== undefined && { limits: { peersPerSwarm: neighbours } }
    }, {
      clock: net.clock,
      random,
      exchange,
      availability: availability({ network: 'shoal' })({
        pubsub: gossip.pubsub, peerId: { toString: () => self }, clock: net.clock, random
      }),
      routing: {
        known: 1,
        start: async () => {},
        stop: async () => {},
        provide: swarm => { providersOf(world, swarm).add(self) },
        unprovide: swarm => { providersOf(world, swarm).delete(self) },
        async * find (swarm, { signal }) {
          await new Promise<void>(resolve => { net.clock.at(net.clock.now() + LOOKUP_MS, resolve) })
          if (signal?.aborted === true) return
          for (const peer of providersOf(world, swarm).sample(LOOKUP_PROVIDERS, net.random)) if (peer !== self) yield { peer, addrs: [] }
        }
      },
      store,
      ledger: await openLedger({ clock: net.clock }),
      addresses: {
        own: () => [],
        // a site of its own for everybody
        surroundings: () => world.scenario.hints === true ? { site: self, region: `region ${host.region}` } : {},
        of: async peer => net.exchanges.get(peer)?.host.addrs ?? [],
        usable: addrs => addrs,
        heard: addrs => addrs,
        connected: peer => exchange.between(peer) !== undefined
      },
      createHaveMap: bounds => createHaveMap(bounds),
      verify: async ref => {
        const block = material.blockOf(ref.digest)
        if (block === undefined) throw new Error('the origin gives nothing but what there is')
        return block
      },
      emit: (name, detail) => { world.event(self, name, detail) }
    })
    await engine.start()
    let served = false
    const open = engine.open({
      swarm: SWARM,
      link: 'shoal:virtual',
      mode: init.mode,
      overlay: init.overlay,
      of: { live: virtualSource({ material, live, moved: init.moved }) },
      origin: () => init.origin,
      hints: init.hints,
      head: init.head,
      emit: (name, detail) => { world.event(self, name, detail) }
    })
    exchange.onblock = () => {
      if (served) return
      served = true
      init.served()
    }
    return new SimNode(world, host, engine, exchange, gossip, open)
  }

  /** Says goodbye, or not. */
  async end (vanish: boolean): Promise<void> {
    const { net, gossips } = this.#world
    const { name } = this.host
    if (vanish) this.exchange.vanish()
    await this.engine.stop()
    providersOf(this.#world, SWARM).delete(name)
    net.exchanges.delete(name)
    gossips.delete(name)
    this.host.gone = true
  }
}

export function nodeRandom (index: number): number {
  return NODE_RANDOM + index
}

function providersOf ({ net }: Ground, swarm: string): Providers {
  let providers = net.providers.get(swarm)
  if (providers === undefined) net.providers.set(swarm, providers = new Providers())
  return providers
}
