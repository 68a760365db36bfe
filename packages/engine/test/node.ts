import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { createHaveMap } from '@shoal/availability'
import { seededRandom, type ManualClock } from '@shoal/base'
import { swarmIdOf, type Purge } from '@shoal/content'
import { liveSwarmIdOf } from '@shoal/content/live'
import { buildManifest, segmentFiles, type BuiltManifest, type SegmentedFile } from '@shoal/content/publishing'
import type { BlockStore, ContentEvents, Mode, Origin, Policy, SwarmId } from '@shoal/interface'
import { memoryStore } from '@shoal/store'
import { CID } from 'multiformats'
import { openLedger, type Ledger } from '@shoal/ledger'
import { createEngine, type Engine, type EngineInit, type OpenSwarm, type SwarmOpening } from '../src/index.js'
import { live } from '../src/live.js'
import type { Studio } from './studio.js'
import type { VirtualNet } from './virtual-net.js'

export interface TestEvent { name: keyof ContentEvents, detail: unknown }

export interface TestNode {
  readonly name: string
  readonly engine: Engine
  readonly store: BlockStore
  readonly ledger: Ledger
  readonly events: TestEvent[]
  /** What it was told of purges, by swarm id: what a data folder would keep. */
  readonly purges: Map<SwarmId, Uint8Array>
  openLive (studio: Studio, options?: { mode?: Mode, origin?: Origin, head?: Uint8Array, hints?: string[] }): Promise<OpenSwarm>
  open (
    built: BuiltManifest, options?: { mode?: Mode, origin?: Origin, publish?: boolean, hints?: string[], purge?: Purge }
  ): Promise<OpenSwarm>
}

export interface TestNodeOptions extends Pick<EngineInit, 'limits' | 'upload' | 'replication' | 'token'> {
  readonly quota?: number
  /** @default a memory store of that quota */
  readonly store?: BlockStore
}

/** An engine with a memory store on a virtual network. */
export async function testNode (
  net: VirtualNet, name: string,
  { quota = 1 << 28, limits, upload, replication, token, store = memoryStore({ quota }) }: TestNodeOptions = {}
): Promise<TestNode> {
  await store.open()
  const ledger = await openLedger({ clock: net.clock })
  const events: TestEvent[] = []
  const emit = (event: keyof ContentEvents, detail: unknown): void => { events.push({ name: event, detail }) }
  const purges = new Map<SwarmId, Uint8Array>()
  const open = new Map<SwarmId, OpenSwarm>()
  /** What a composition root does with purges. */
  const purging = (swarm: SwarmId): Pick<SwarmOpening, 'purged' | 'ended'> => ({
    purged (purge) {
      purges.set(swarm, purge.bytes)
      return Promise.resolve(() => {})
    },
    ended () { open.get(swarm)?.close() }
  })
  const engine = createEngine({
    self: name,
    capacity: replication === undefined ? 2 : 3,
    replication,
    limits,
    upload,
    token,
    purgeOf: swarm => Promise.resolve(purges.get(swarm))
  }, {
    clock: net.clock,
    random: seededRandom(name.length * 7919 + name.charCodeAt(name.length - 1)),
    exchange: net.exchange(name),
    availability: net.availability(name),
    routing: net.routing(name),
    store,
    ledger,
    addresses: {
      own: () => [`/memory/${name}`], of: peer => Promise.resolve([`/memory/${peer}`]), usable: addrs => addrs, heard: addrs => addrs, connected: () => false
    },
    createHaveMap: bounds => createHaveMap(bounds),
    emit
  })
  store.onevent = () => { engine.storeLost() }
  await engine.start()
  return {
    name,
    engine,
    store,
    ledger,
    events,
    purges,
    async openLive ({ publisher, name: of }, { mode = 'hybrid', origin, head, hints = [] } = {}) {
      const swarm = await liveSwarmIdOf(publisher, of)
      const opened = engine.open({
        swarm,
        ...purging(swarm),
        link: `shoal:${publisher}/${of}`,
        mode,
        of: { live: live({ publisher, name: of }) },
        origin: () => origin,
        hints: hints.map(peer => ({ peer, addrs: [] })),
        head,
        emit
      })
      open.set(swarm, opened)
      return opened
    },
    async open (built, { mode = 'hybrid', origin, publish = false, hints = [], purge } = {}) {
      const cid = built.manifest.summary.cid
      if (publish) for (const block of [built.root, ...built.pages]) await store.put(block)
      const swarm = await swarmIdOf(cid)
      const opened = engine.open({
        swarm,
        ...purging(swarm),
        purge,
        link: `shoal:${cid}`,
        mode,
        of: { root: CID.parse(cid).multihash.digest },
        origin: () => origin,
        hints: hints.map(peer => ({ peer, addrs: [] })),
        head: publish ? built.envelope : undefined,
        emit
      })
      open.set(swarm, opened)
      return opened
    }
  }
}

/** A content of these files, and its blocks put into a store. */
export async function testContent (
  files: Readonly<Record<string, Uint8Array>>, store?: BlockStore, { publisher, policy }: { publisher?: PrivateKey, policy?: Policy } = {}
): Promise<BuiltManifest> {
  const entries = Object.entries(files).map(([path, bytes]) => ({ path, size: bytes.byteLength, async * stream () { yield bytes } }))
  const segmented: SegmentedFile[] = []
  for await (const file of segmentFiles(entries, { onblock: block => store?.put(block) })) segmented.push(file)
  const key = publisher ?? await generateKeyPair('Ed25519')
  return await buildManifest({ name: 'test', kind: 'directory', files: segmented, createdAt: 0, policy, key })
}

export async function collect (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}

export async function until (condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 2_000) throw new Error(`never happened: ${what}`)
    await new Promise(resolve => { setTimeout(resolve, 5) })
  }
}

// what is loaded when it is first needed: reading files takes no virtual time either
await Promise.all([import('../src/completion.js'), import('../src/replicator.js')])

/** Digests and signatures under way: real work that takes no virtual time, however long a busy machine needs for it. */
let working = 0
const { subtle } = globalThis.crypto
for (const name of ['digest', 'sign', 'verify', 'importKey'] as const) {
  const work = subtle[name].bind(subtle) as (...args: unknown[]) => Promise<unknown>
  Object.defineProperty(subtle, name, {
    value: async (...args: unknown[]) => {
      working++
      try {
        return await work(...args)
      } finally {
        working--
      }
    }
  })
}

/** Lets virtual time pass, and what happens at each step happen, until the condition holds; returns how long that took. */
export async function elapse (clock: ManualClock, ms: number, done: () => boolean = () => false): Promise<number> {
  const start = clock.now()
  for (;;) {
    for (let turns = 3; turns > 0 || working > 0; turns--) await new Promise(resolve => { setImmediate(resolve) })
    if (done() || clock.now() - start >= ms) return clock.now() - start
    clock.advance(50)
  }
}
