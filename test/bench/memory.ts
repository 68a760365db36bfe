/**
 * What a Shoal node holds in memory: idle, for each connection, and while many GiB go through it.
 *
 * A seeder and a fetcher, each a process, move one content over TCP on loopback, by reference at the one end and into a file at the other;
 * their resident sets are sampled all along. Before that other nodes, up to 200, several to a process, connect to a further one, fetch a
 * small content from it and stay.
 */

import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './memory/child.ts'
import type { Sample } from './memory/commands.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { HEAP_FLAGS } from './support/heap.ts'
import { machine, median, print, progress, type Report, type Target } from './support/report.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

const GIB = 2 ** 30
const BLOCK_BYTES = 256 * 1024
const DEFAULT_GIB = 10
/** Share of the bytes after which stores, pools and the heap have found their size. */
const WARM_UP = 0.2
/** Connections at which the resident set is looked at, the highest in processes of at most `PER_PROCESS` nodes. */
const CONNECTIONS = [1, 50, 200] as const
const PER_PROCESS = 50
const SMALL_BYTES = 1024 * 1024
/** What is left of start-up and handshakes is collected by then. */
const SETTLE_MS = 10_000
const LOOKS = 20
const LOOK_MS = 250
const STEP_MS = 2 * 60_000
/** No GiB takes longer. */
const GIB_MS = 3 * 60_000

const CONNECTION_TARGET: Target = { key: 'rss_per_connection_mb', op: '<=', want: 1.5 }
/** 1 KiB for each block: something kept for each of a block's frames would be more. */
const SLOPE_TARGET: Target = { key: 'slope_mb_per_gib', op: '<=', want: 4 }

const help = `usage: npm run -s bench -- memory [options]

  --gib N   what goes from the seeder to the fetcher, in GiB (default ${DEFAULT_GIB}); that much disk is needed for a while.
            Another size is for a quick look: no target for the slope
  --json    one JSON object as the last line of standard output, all else on standard error

Measured, in 10^6 bytes of resident set: rss_idle_mb of a node that was just started; rss_N_connections_mb of one with N sessions, and from
the first to the last rss_per_connection_mb for each further one; seed_rss_mb and fetch_rss_mb, medians over the means of each GiB after the
first fifth; *_slope_mb_per_gib by least squares over the samples after that fifth, and slope_mb_per_gib, the larger of the two.`

export const memory: Bench = {
  name: 'memory',
  summary: 'resident set of a node: idle, per connection, and over 10 GiB',
  help,

  async run (args, build) {
    const options = readOptions(args, { gib: { type: 'string', default: String(DEFAULT_GIB) }, json: { type: 'boolean', default: false } })
    const gib = positive('gib', options.gib)
    build()
    const folder = await temporaryFolder()
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < (gib + 1) * GIB) throw new Error(`expected ${gib + 1} GiB of free space for ${folder}, found ${Math.floor(bavail * bsize / GIB)}`)
    const env = { ...machine(), gib, v8: `${HEAP_FLAGS.join(' ')}, as the shoal program` }
    const connected = await connections(folder)
    const moved = await through(gib, folder)
    print({
      bench: 'memory',
      env: { ...env, load_1min_after: machine().load_1min },
      measured: { ...connected, ...moved.measured },
      runs: moved.runs,
      targets: [...gib === DEFAULT_GIB ? [SLOPE_TARGET] : [], CONNECTION_TARGET]
    }, options.json)
  }
}

async function connections (folder: string): Promise<Record<string, number>> {
  const measured: Record<string, number> = {}
  const children: Child[] = []
  const child = (title: string): Child => {
    const made = new Child(title)
    children.push(made)
    return made
  }
  try {
    const hub = child('the measured node')
    await hub.ask(STEP_MS, 'start', join(folder, 'hub'))
    const look = async (name: string): Promise<number> => {
      await sleep(SETTLE_MS)
      const looks: number[] = []
      for (let i = 0; i < LOOKS; i++) {
        looks.push(await hub.ask(STEP_MS, 'rss') / 1e6)
        await sleep(LOOK_MS)
      }
      progress(`${name}: ${median(looks).toFixed(1)} MB`)
      return measured[`rss_${name}_mb`] = median(looks)
    }
    await look('idle')
    const { file } = await randomFile(join(folder, 'small.bin'), SMALL_BYTES)
    const link = await hub.ask(STEP_MS, 'publish', file)
    const resident: number[] = []
    let joined = 0
    let room = 0
    for (const count of CONNECTIONS) {
      while (joined < count) {
        if (room === 0) {
          child(`nodes from ${joined}`)
          room = PER_PROCESS
        }
        const more = Math.min(room, count - joined)
        await children.at(-1)?.ask(STEP_MS, 'join', link, more)
        joined += more
        room -= more
      }
      await hub.ask(STEP_MS, 'peers', count)
      resident.push(await look(`${count}_connections`))
    }
    const [one = NaN, last = NaN] = [resident[0], resident.at(-1)]
    measured['rss_per_connection_mb'] = (last - one) / (CONNECTIONS[2] - CONNECTIONS[0])
    return measured
  } finally {
    await Promise.all(children.map(each => each.end()))
  }
}

async function through (gib: number, folder: string): Promise<Pick<Report, 'measured' | 'runs'>> {
  progress(`making a sparse file of ${gib} GiB …`)
  const file = join(folder, 'content.bin')
  await sparseFile(file, gib * GIB)
  const [seeder, fetcher] = [new Child('seeder'), new Child('fetcher')]
  try {
    await Promise.all([seeder.ask(STEP_MS, 'start', join(folder, 'seed')), fetcher.ask(STEP_MS, 'start', join(folder, 'fetch'))])
    progress('publishing …')
    const link = await seeder.ask(GIB_MS * gib, 'publish', file)
    progress('fetching …')
    const start = performance.now()
    await fetcher.ask(GIB_MS * gib, 'save', link, join(folder, 'out.bin'))
    progress(`${gib} GiB in ${((performance.now() - start) / 1000).toFixed(0)} s`)
    const measured: Record<string, number> = {}
    const runs: Record<string, number[]> = {}
    for (const [name, end] of [['seed', seeder], ['fetch', fetcher]] as const) {
      const samples = (await end.ask(STEP_MS, 'samples')).filter(({ bytes }) => bytes > 0 && bytes < gib * GIB)
      const warm = samples.filter(({ bytes }) => bytes >= WARM_UP * gib * GIB)
      measured[`${name}_slope_mb_per_gib`] = slope(warm)
      measured[`${name}_rss_mb`] = median(means(warm))
      runs[`${name}_rss_mb`] = means(samples)
    }
    measured['slope_mb_per_gib'] = Math.max(measured['seed_slope_mb_per_gib'] ?? NaN, measured['fetch_slope_mb_per_gib'] ?? NaN)
    return { measured, runs }
  } finally {
    await Promise.all([seeder.end(), fetcher.end()])
    await rm(folder, { recursive: true, force: true })
  }
}

/** Blocks that differ in their first bytes and are holes but for that: as good as random ones to all but the disk. */
async function sparseFile (path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx')
  await file.truncate(bytes)
  const number = new BigUint64Array(1)
  for (let at = 0; at < bytes; at += BLOCK_BYTES) {
    number[0] = BigInt(at + 1)
    await file.write(number, 0, number.byteLength, at)
  }
  await file.close()
}

/** Mean resident set over each GiB, MB. */
function means (samples: readonly Sample[]): number[] {
  const sums = new Map<number, { sum: number, count: number }>()
  for (const { bytes, rss } of samples) {
    const of = sums.get(Math.floor(bytes / GIB)) ?? { sum: 0, count: 0 }
    sums.set(Math.floor(bytes / GIB), { sum: of.sum + rss / 1e6, count: of.count + 1 })
  }
  return [...sums.values()].map(({ sum, count }) => sum / count)
}

/** Least squares: MB of resident set per GiB. */
function slope (samples: readonly Sample[]): number {
  const points = samples.map(({ bytes, rss }) => ({ x: bytes / GIB, y: rss / 1e6 }))
  const mean = (of: (point: { x: number, y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean(point => point.x), mean(point => point.y)]
  return mean(point => (point.x - x) * (point.y - y)) / mean(point => (point.x - x) ** 2)
}
