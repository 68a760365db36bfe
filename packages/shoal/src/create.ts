import { multiaddr } from '@multiformats/multiaddr'
import { createHaveMap, availability } from '@shoal/availability'
import { systemClock, systemRandom } from '@shoal/base'
import { createEngine } from '@shoal/engine'
import { exchange } from '@shoal/exchange'
import { ConfigError, ListenError, StoreError, type ShoalOptions } from '@shoal/interface'
import { openLedger } from '@shoal/ledger'
import { checkBootstrap, routing } from '@shoal/routing'
import { addressBook } from './addresses.js'
import { Bootstrap } from './bootstrap.js'
import { resolveConfig, type Config } from './config.js'
import { emitter } from './events.js'
import { identity } from './identity.js'
import { Library, type ContentRecord } from './library.js'
import { ShoalNode } from './node.js'
import type { Platform } from './platform.js'
import { QUOTAS } from './quotas.js'
import { Refusals } from './refusals.js'
import { revocationRecords } from './revocation-records.js'
import { sweep } from './sweep.js'
import { trust } from './trust.js'
import { whereabouts } from './whereabouts.js'

/**
 * Puts a node together and starts it: the only place where the packages meet.
 *
 * @throws ConfigError, DataInUseError, ListenError, StoreError
 */
export async function createNode (options: ShoalOptions, platform: Platform): Promise<ShoalNode> {
  const config = resolveConfig(options, platform.surroundings)
  for (const entry of config.bootstrap) checkBootstrap(entry)
  checkAddrs(config.listen, 'listen')
  checkAddrs(config.announce, 'announce')
  const clock = systemClock
  const random = systemRandom
  // closed in the reverse order, whatever was opened when something fails
  const undo: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    const failures: unknown[] = []
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
  try {
    const faults: Error[] = []
    const records = await orInMemory(config, faults, config => platform.datastore(config))
    undo.push(records.close)
    const library = new Library(records.datastore)
    const seeds = await library.seeds()
    const store = await orInMemory(config, faults, async config => {
      const store = await platform.store(config)
      await store.open()
      return store
    })
    undo.push(() => store.close())
    const unpinned: ContentRecord[] = []
    for (const record of seeds) {
      const { pinSeed } = await import('./restore.js')
      if (!await pinSeed(record, { store, library })) unpinned.push(record)
    }
    await store.collect({ keep: store.quota })
    const privateKey = await identity(records.datastore)
    const ledger = await openLedger({ clock, datastore: records.datastore })
    const running: { node?: ShoalNode } = {}
    const refusals = new Refusals(clock, detail => { running.node?.dispatchEvent(new CustomEvent('connection:refused', { detail })) })
    undo.push(() => Promise.resolve(refusals.stop()))
    const network = await platform.network(config, privateKey, records.datastore, trust(ledger, clock, refusals.refused))
    undo.push(async () => { await network.stop() })

    const emit = emitter(() => running.node === undefined ? [] : [running.node])
    const book = addressBook(network, platform.addressRules(config))
    const relayed = config.listen.some(addr => addr.includes('/p2p-circuit'))
    const lacksRelay = (): boolean => relayed && network.getMultiaddrs().length === 0
    const addresses = { ...book, surroundings: whereabouts(network, config.region), lacksRelay }
    const routes = routing({
      onevent: event => {
        if (event.type === 'failed') emit('error', { error: new Error(event.reason), doing: event.doing })
      }
    })({ dht: network.services.dht, peerId: network.peerId, addresses: () => addresses.own(), clock, random })
    const { token } = config
    const engine = createEngine(
      {
        self: network.peerId.toString(),
        capacity: config.capacity,
        replication: config.replication === 0 ? undefined : config.replication,
        sharing: config.sharing,
        ttl: config.store.ttl,
        token: token === undefined ? undefined : async link => await token(network.peerId.toString(), link),
        purgeOf: async swarm => await library.purge(swarm),
        upload: config.upload
      },
      {
        clock,
        random,
        exchange: exchange()({ node: network, clock, turned: connection => network.services.turned.has(connection) }),
        availability: availability({ network: config.network })({
          pubsub: network.services.pubsub, peerId: network.peerId.toString(), clock, random
        }),
        routing: routes,
        store,
        ledger,
        revocations: revocationRecords(records.datastore),
        addresses,
        createHaveMap: bounds => createHaveMap(bounds ?? {}),
        emit
      })
    const bootstrap = new Bootstrap(config, network, lacksRelay, clock, error => { emit('error', { error, doing: 'reaching a bootstrap node' }) })
    const node = running.node = new ShoalNode({
      config, platform, clock, random, privateKey, network, store, ledger, library, engine, bootstrap, close
    })

    await start(() => network.start(), config.listen)
    await routes.start()
    undo.push(() => routes.stop())
    await engine.start()
    undo.push(() => engine.stop())
    const stopSweeping = sweep(store, clock, error => { emit('error', { error, doing: 'removing expired blocks' }) })
    bootstrap.start()
    undo.push(() => Promise.resolve(bootstrap.stop()))
    undo.push(() => Promise.resolve(stopSweeping()))
    node.restore(seeds, unpinned)
    // when whoever called has had the time to listen
    clock.after(0, () => { for (const error of faults) emit('error', { error, doing: 'opening the storage: all is kept in memory instead' }) })
    return node
  } catch (error) {
    // the first failure says why; what closing it says comes of that
    await close().catch(() => {})
    throw error
  }
}

/** Delivery goes on without storage; a folder that another process has is another matter. */
async function orInMemory<T> (config: Config, faults: Error[], open: (config: Config) => Promise<T>): Promise<T> {
  try {
    return await open(config)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const { store } = config
    const inMemory = await open({ ...config, store: { ...store, kind: 'memory', quota: Math.min(store.quota, QUOTAS.desktop.memory) } })
    faults.push(error)
    return inMemory
  }
}

function checkAddrs (addrs: readonly string[], option: string): void {
  for (const addr of addrs) {
    try {
      multiaddr(addr)
    } catch (cause) {
      throw new ConfigError(`${option}: expected a multiaddr such as /ip4/0.0.0.0/tcp/4701, got ${JSON.stringify(addr)}`, { cause })
    }
  }
}

async function start (begin: () => Promise<void> | void, listen: readonly string[]): Promise<void> {
  try {
    await begin()
  } catch (error) {
    // libp2p's message goes on with the stacks of all transports
    const why = (error as Error).message.split('\n').slice(0, 2).join(' ').trim()
    throw new ListenError(`cannot listen on ${listen.join(', ')}: ${why}; give other addresses or stop what uses them`, { cause: error })
  }
}
