import { peerRoutingSymbol, type PeerId, type PeerInfo, type PeerRouting, type Startable } from '@libp2p/interface'
import type { AddressManager, Registrar } from '@libp2p/interface-internal'
import { BoundedMap } from '@shoal/base'
import { NotFoundError, WireError, type PeerHint } from '@shoal/interface'
import type { CID } from 'multiformats/cid'
import { MAX_KNOWN_NODES, MAX_OWN_ADDRS } from '../defaults.js'
import { hintOf } from '../hint.js'
import type { Dht } from '../types.js'
import { ADD_PROVIDER, FIND_NODE, GET_PROVIDERS, type NamedPeer } from './codec.js'
import { Lookup } from './lookup.js'
import { nodeOf, placeOf, readPeer, type DhtNode } from './node.js'
import { Requests, type RequestsComponents } from './requests.js'
import { walk } from './walk.js'

export interface DhtClientComponents extends Omit<RequestsComponents, 'clock'> {
  readonly peerId: PeerId
  readonly addressManager: Pick<AddressManager, 'getAddresses'>
  readonly registrar: Pick<Registrar, 'register' | 'unregister'>
}

/** What a server said. */
interface Answer {
  readonly closer: readonly DhtNode[]
  readonly providers: readonly PeerHint[]
}

/**
 * A client of the DHT, as a libp2p service: asks its servers and leaves records with them, keeps and answers nothing itself. libp2p finds
 * peers by name with it, and walks at random.
 */
export class DhtClient implements Dht, Startable {
  readonly #protocol: string
  readonly #components: DhtClientComponents & RequestsComponents
  readonly #requests: Requests
  /** Servers that are connected, or answered. Who leaves stays until it fails to answer, for libp2p dials it again. */
  readonly #known = new BoundedMap<string, DhtNode>(MAX_KNOWN_NODES)
  #topology: string | undefined

  constructor (protocol: string, components: DhtClientComponents & RequestsComponents) {
    this.#protocol = protocol
    this.#components = components
    this.#requests = new Requests(protocol, components)
  }

  get [peerRoutingSymbol] (): PeerRouting {
    return {
      findPeer: (peer, options) => this.#findPeer(peer, options),
      getClosestPeers: (key, options) => this.#closestPeers(key, options?.signal)
    }
  }

  get known (): number {
    return this.#known.size
  }

  async start (): Promise<void> {
    this.#topology = await this.#components.registrar.register(this.#protocol, {
      onConnect: async peer => {
        const node = await nodeOf(peer)
        this.#known.set(node.name, node)
      },
      // told of who leaves, and of who serves no more
      onDisconnect: peer => { if (this.#requests.connected(peer)) this.#known.delete(peer.toString()) }
    })
  }

  stop (): void {
    if (this.#topology !== undefined) this.#components.registrar.unregister(this.#topology)
    this.#topology = undefined
  }

  async provide ({ multihash }: CID, { signal }: { readonly signal: AbortSignal }): Promise<number> {
    const { peerId, addressManager } = this.#components
    const key = multihash.bytes
    const closest = await this.#closest(key, signal)
    const self: NamedPeer = {
      id: peerId.toMultihash().bytes,
      addrs: addressManager.getAddresses().slice(0, MAX_OWN_ADDRS).map(({ bytes }) => bytes)
    }
    const message = { type: ADD_PROVIDER, key, closer: [], providers: [self] }
    const told = await Promise.allSettled(closest.map(node => this.#requests.tell(node, message, signal)))
    return told.filter(({ status }) => status === 'fulfilled').length
  }

  async * find ({ multihash }: CID, { signal }: { readonly signal?: AbortSignal | undefined }): AsyncGenerator<PeerHint> {
    for await (const { providers } of this.#walk(GET_PROVIDERS, multihash.bytes, signal)) yield * providers
  }

  /** Nothing of ours is kept here. */
  async forget (): Promise<void> {}

  async #findPeer (
    peer: PeerId, { signal, useCache = true, useNetwork = true }: NonNullable<Parameters<PeerRouting['findPeer']>[1]> = {}
  ): Promise<PeerInfo> {
    const wanted = await nodeOf(peer)
    const stored = useCache ? await this.#requests.addrs(wanted) : []
    if (stored.length > 0) return { id: peer, multiaddrs: stored }
    if (useNetwork) {
      for await (const { closer } of this.#walk(FIND_NODE, peer.toMultihash().bytes, signal)) {
        const found = closer.find(({ name, addrs }) => name === wanted.name && addrs.length > 0)
        if (found !== undefined) return { id: peer, multiaddrs: [...found.addrs] }
      }
    }
    throw new NotFoundError(`expected an address of ${wanted.name} in the DHT, got none from ${this.known} nodes known`)
  }

  async * #closestPeers (key: Uint8Array, signal?: AbortSignal): AsyncGenerator<PeerInfo> {
    for (const node of await this.#closest(key, signal)) yield { id: node.peer, multiaddrs: await this.#requests.addrs(node) }
  }

  async #closest (key: Uint8Array, signal?: AbortSignal): Promise<DhtNode[]> {
    const lookup = new Lookup<DhtNode>(await placeOf(key))
    for await (const _ of this.#walk(FIND_NODE, key, signal, lookup));
    return lookup.closest
  }

  async * #walk (type: number, key: Uint8Array, signal = new AbortController().signal, lookup?: Lookup<DhtNode>): AsyncGenerator<Answer> {
    const steps = lookup ?? new Lookup<DhtNode>(await placeOf(key))
    steps.add([...this.#known.entries()].map(([, node]) => node))
    yield * walk(steps, { clock: this.#components.clock, signal, ask: (node, signal) => this.#ask(node, type, key, signal) })
  }

  async #ask (node: DhtNode, type: number, key: Uint8Array, signal: AbortSignal): Promise<Answer> {
    try {
      const { closer, providers } = await this.#requests.ask(node, { type, key, closer: [], providers: [] }, signal)
      this.#known.set(node.name, node)
      return {
        closer: await this.#read(closer),
        providers: providers.flatMap(named => {
          const read = readPeer(named)
          return read === undefined ? [] : hintOf(read.peer, read.addrs)
        })
      }
    } catch (error) {
      // one that is connected may just be busy
      if (!signal.aborted && (error instanceof WireError || !this.#requests.connected(node.peer))) this.#known.delete(node.name)
      throw error
    }
  }

  async #read (named: readonly NamedPeer[]): Promise<DhtNode[]> {
    const read = named.flatMap(each => readPeer(each) ?? [])
    const others = read.filter(({ peer }) => !peer.equals(this.#components.peerId))
    return await Promise.all(others.map(({ peer, addrs }) => nodeOf(peer, addrs)))
  }
}
