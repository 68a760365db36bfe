/**
 * A swarm that never rests: Node.js processes and pages in Chromium that all keep fetching from each other, while they come, go, sleep and
 * are lost at random. Whoever is awake and wants something gets it, and nothing grows.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { seededRandom, type Random } from '@shoal/base'
import { machine, print, progress, type Target } from '../bench/support/report.ts'
import { launchChromium } from '../chromium.ts'
import { pageServer } from '../support/pages.ts'
import { Disturbance } from './swarm/disturbance.ts'
import { BrowserMember, NodeMember, sum, type Member } from './swarm/members.ts'
import { Costs } from './swarm/costs.ts'
import type { Done, Good } from './swarm/work.ts'

const PAGES = 4
/** Of the restless nodes; the others listen on TCP and through relays, as they do by default. */
const RELAYED = 4
const KEPT = 3
const RESTLESS = 16
const PUBLISHERS = 2
/** Processes that start at the same time. */
const AT_ONCE = 4
const GOODS_EACH = 12
const GOOD_BYTES = [50_000, 3_000_000] as const
/** Less than all contents together, so that there is always something to fetch. */
const STORE = { quota: '16MiB' }
/** A look collects all garbage first: so many in a run, however long it is, and no more often than every 5 s. */
const COSTS_TAKEN = 60
const SHOW_EVERY_MS = 10_000
/** Of the whole time, and at most: stores and heaps find their size. */
const WARM_UP_SHARE = 0.3
const WARM_UP_MAX_MIN = 5

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const TARGETS: readonly Target[] = [
  { key: 'failed', op: '<=', want: 0 },
  { key: 'lost', op: '<=', want: 0 },
  { key: 'rss_slope_mb_per_min', op: '<=', want: 1 },
  { key: 'page_heap_slope_mb_per_min', op: '<=', want: 1 },
  { key: 'listeners_growth', op: '<=', want: 0.1 },
  { key: 'handles_growth', op: '<=', want: 0.1 }
]

export interface SwarmOptions {
  readonly minutes: number
  /** Of sizes, and of who does what when. */
  readonly seed: number
  readonly json: boolean
}

/** @returns what went wrong */
export async function swarm ({ minutes, seed, json }: SwarmOptions): Promise<readonly string[]> {
  progress(`a swarm for ${minutes} minutes, --seed ${seed}`)
  const random = seededRandom(seed)
  const over = new AbortController()
  const interrupt = (): void => { over.abort(new Error('interrupted')) }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt)
  const folder = await mkdtemp(join(tmpdir(), 'shoal-soak-'))
  const members: Member[] = []
  const closing: (() => unknown)[] = []
  // whoever is asked something fails then, and with that what waits for it
  const end = async (): Promise<unknown> => await Promise.allSettled(members.map(member => member.end()))
  over.signal.addEventListener('abort', () => { void end() })
  try {
    await gather({ members, closing, folder, random, over: over.signal })
    return await run(members, { minutes, seed, json, random, over: over.signal })
  } finally {
    await end()
    for (const close of closing) await close()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

interface Gathering {
  readonly members: Member[]
  readonly closing: (() => unknown)[]
  readonly folder: string
  readonly random: Random
  readonly over: AbortSignal
}

/** Two servers, two publishers, nodes of all kinds, pages. */
async function gather ({ members, closing, folder, random, over }: Gathering): Promise<void> {
  const seed = (): number => Math.floor(random() * 2 ** 32)
  const begin = async (member: NodeMember): Promise<NodeMember> => {
    members.push(member)
    await member.begin()
    return member
  }
  const bootstrap: string[] = []
  for (const name of ['server a', 'server b']) {
    const options = { server: true, listen: [LOOPBACK, `${LOOPBACK}/ws`], bootstrap: [...bootstrap], store: STORE }
    const server = await begin(new NodeMember(name, { steady: true, seed: seed(), options, goods: [] }))
    await server.join()
    bootstrap.push(...server.addrs)
  }
  const goods: Good[] = []
  for (let i = 0; i < PUBLISHERS; i++) {
    // pages reach it as well: whoever wants something always finds somebody who has it
    const options = { listen: [LOOPBACK, `${LOOPBACK}/ws`], bootstrap, data: join(folder, `publisher ${i}`) }
    const publisher = await begin(new NodeMember(`publisher ${i}`, { steady: true, seed: seed(), options, goods: [] }))
    await publisher.join()
    const sizes = Array.from({ length: GOODS_EACH }, () => GOOD_BYTES[0] + Math.floor(random() * (GOOD_BYTES[1] - GOOD_BYTES[0])))
    goods.push(...await publisher.publish(sizes))
  }
  const nodes = Array.from({ length: RESTLESS }, (_, i) => {
    const options = {
      bootstrap,
      store: STORE,
      ...(i < RELAYED ? { listen: ['/p2p-circuit', '/webrtc'] } : i < 2 * RELAYED ? {} : { listen: [LOOPBACK] }),
      ...(i % KEPT === 0 ? { data: join(folder, `node ${i}`) } : {})
    }
    return new NodeMember(`node ${i}`, { steady: false, seed: seed(), options, goods })
  })
  for (let i = 0; i < RESTLESS; i += AT_ONCE) {
    await Promise.all(nodes.slice(i, i + AT_ONCE).map(async node => {
      await begin(node)
      await node.join()
    }))
    over.throwIfAborted()
    progress(`${i + AT_ONCE} of ${RESTLESS} nodes are there`)
  }
  const server = await pageServer(fileURLToPath(new URL('swarm/page.ts', import.meta.url)))
  closing.push(server.close)
  const browser = await launchChromium()
  closing.unshift(() => browser.close())
  const throughWebSockets = bootstrap.filter(addr => addr.includes('/ws'))
  for (let i = 0; i < PAGES; i++) {
    const page = new BrowserMember(`page ${i}`, seed(), { browser, url: server.url, bootstrap: throughWebSockets, goods })
    members.push(page)
    await page.begin()
    await page.join()
    progress(`${page.name} is there`)
  }
}

async function run (
  members: readonly Member[], { minutes, seed, json, random, over }: SwarmOptions & { random: Random, over: AbortSignal }
): Promise<readonly string[]> {
  const start = performance.now()
  const now = (): number => (performance.now() - start) / 60_000
  const costs = new Costs(now)
  const disturbance = new Disturbance(members.filter(({ steady }) => !steady), random)
  const end = AbortSignal.any([over, AbortSignal.timeout(minutes * 60_000)])
  const disturbing = disturbance.run(end)
  const measuring = every(Math.max(5_000, minutes * 60_000 / COSTS_TAKEN), end, async () => {
    for (const member of members) if (member.up && !end.aborted) await costs.take(member)
  })
  const showing = every(SHOW_EVERY_MS, end, async () => { show(now(), members, await all(members), disturbance) })
  const ended = await Promise.allSettled([disturbing, measuring, showing])
  over.throwIfAborted()
  for (const one of ended) if (one.status === 'rejected') throw one.reason
  const done = await all(members)
  const warm = Math.min(WARM_UP_MAX_MIN, WARM_UP_SHARE * minutes)
  const { measured: cost, runs, rows } = costs.sum(warm, minutes)
  for (const row of rows) progress(row)
  for (const [what, times] of Object.entries(done.errors).toSorted((a, b) => b[1] - a[1]).slice(0, 20)) progress(`${times} × ${what}`)
  const { counts, lost } = disturbance
  const measured: Record<string, number> = {
    fetches: done.fetches, failed: done.faults.length, interrupted: done.interrupted, fetched_mb: done.bytes / 1e6,
    from_peers_mb: done.fromPeers / 1e6, longest_fetch_s: done.longestS, ...counts, lost: lost.length, ...cost
  }
  print({
    bench: 'soak-swarm',
    env: { ...machine(), minutes, seed, nodes: members.length - PAGES, pages: PAGES, warm_up_min: warm },
    measured,
    runs,
    targets: TARGETS
  }, json)
  const missed = TARGETS.flatMap(({ key, want }) => (measured[key] ?? NaN) <= want ? [] : [`${key} is ${measured[key]?.toFixed(3)}, wanted at most ${want}`])
  return [...done.faults, ...lost, ...missed]
}

async function all (members: readonly Member[]): Promise<Done> {
  return (await Promise.all(members.map(member => member.done()))).reduce((a, b) => sum(a, b))
}

function show (at: number, members: readonly Member[], { fetches, faults, bytes, fromPeers }: Done, { counts }: Disturbance): void {
  const up = members.filter(({ up }) => up).length
  const { joins, leaves, sleeps, restarts } = counts
  progress(`${at.toFixed(1)} min: ${up} of ${members.length} up, ${fetches} fetches, ${(bytes / 1e6).toFixed(0)} MB, ${(fromPeers / 1e6).toFixed(0)} of them ` +
    `from peers, ${faults.length} failed; ${joins} joins, ${leaves} leaves, ${sleeps} sleeps, ${restarts} restarts; load ${machine().load_1min}`)
  for (const fault of faults.slice(-3)) progress(`  FAILED ${fault}`)
}

async function every (ms: number, end: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!end.aborted) {
    await sleep(ms, undefined, { signal: end }).catch(() => {})
    if (!end.aborted) await work()
  }
}
