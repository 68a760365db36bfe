/**
 * Block stores side by side: Shoal's on disk against one file written from front to back and against `blockstore-fs`; in a page, on a disk,
 * packs in the origin-private file system, the default, against IndexedDB, and that against `blockstore-idb`; and memory.
 *
 * Every round runs all of them, each in a process or a profile of its own, in an order that moves on by one each round. Blocks are of
 * 256 KiB and random, and nobody flushes to the medium. Of every store eight are on their way at the same time, as a node has them; the one
 * file is written and read one block after the other. Shoal's stores hash what they read, the others do not.
 */

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { run } from './store/child.ts'
import type { Took } from './store/contest.ts'
import type { Crowded } from './store/crowd.ts'
import { crowdPage, runPage } from './store/pages.ts'
import { REST_MS } from './support/contender.ts'
import { temporaryFolder } from './support/folders.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { installRivals, rivalVersion } from './support/rivals.ts'
import { positive, readOptions, UsageError, type Bench } from './support/usage.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

interface Contender {
  readonly name: string
  readonly script: string
  readonly where: 'node' | 'page'
}

const CONTENDERS: readonly Contender[] = [
  { name: 'fs', script: at('store/node.ts'), where: 'node' },
  { name: 'raw', script: at('store/node.ts'), where: 'node' },
  { name: 'blockstore_fs', script: at('rivals/blockstore-fs.ts'), where: 'node' },
  { name: 'memory', script: at('store/node.ts'), where: 'node' },
  { name: 'idb', script: at('store/page.ts'), where: 'page' },
  { name: 'blockstore_idb', script: at('rivals/blockstore-idb.ts'), where: 'page' },
  { name: 'opfs', script: at('store/page.ts'), where: 'page' },
  { name: 'opfs_guest', script: at('store/page.ts'), where: 'page' }
]
const CROWD = 'crowded'
const CROWD_BLOCKS = 100_000

const TARGETS: readonly Target[] = [
  { key: 'ratio_raw_write', op: '>=', want: 0.8 },
  { key: 'ratio_blockstore_fs', op: '>=', want: 1 },
  { key: 'idb_ratio_blockstore_idb', op: '>=', want: 1 },
  { key: 'fs_open_100k_s', op: '<=', want: 2 },
  { key: 'fs_gc_pause_ms', op: '<=', want: 50 },
  { key: 'opfs_open_100k_s', op: '<=', want: 2 }
]

/** Key of a ratio of puts, and whose they are. */
const RATIOS: Readonly<Record<string, readonly [string, string]>> = {
  ratio_raw_write: ['fs', 'raw'],
  ratio_blockstore_fs: ['fs', 'blockstore_fs'],
  idb_ratio_blockstore_idb: ['idb', 'blockstore_idb'],
  opfs_ratio_idb: ['opfs', 'idb'],
  opfs_guest_ratio_idb: ['opfs_guest', 'idb']
}

const help = `usage: npm run -s bench -- store [options]

  --mib N        in Node.js, MiB of blocks of 256 KiB (default 512)
  --page-mib N   the same in a page (default 128)
  --runs N       rounds (default 5)
  --only A,B     only these of ${CONTENDERS.map(({ name }) => name).join(', ')}, ${CROWD}: for a closer look, no targets
  --profile DIR  those in Node.js write CPU profiles into DIR, and are slower for it; no targets
  --json         one JSON object as the last line of standard output, all else on standard error

Measured, medians: *_put_mbps and *_get_mbps in 10^6 bytes per second, *_puts_per_s, *_gets_per_s; *_pause_ms is the longest that the event
loop had to wait meanwhile, in Node.js only for what its own thread did; *ratio_* is Shoal's put_mbps over the other's of the same round.
opfs_guest: another tab has the files open, on the same thread. ${CROWD}: a store with ${CROWD_BLOCKS} blocks, on disk and in a page,
*_open_100k_s to open it, *_gc_pause_ms while as many new ones push them all out and then all are collected.`

export const store: Bench = {
  name: 'store',
  summary: 'block stores: on disk, in memory and in a page, against raw writes, blockstore-fs and blockstore-idb',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      mib: { type: 'string', default: '512' },
      'page-mib': { type: 'string', default: '128' },
      runs: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false }
    })
    const [mib, pageMib, rounds] = [positive('mib', options.mib), positive('page-mib', options['page-mib']), positive('runs', options.runs)]
    const asked = options.only === '' ? undefined : options.only.split(',')
    const names = [...CONTENDERS.map(({ name }) => name), CROWD]
    for (const name of asked ?? []) {
      if (!names.includes(name)) throw new UsageError(`--only: there is no ${JSON.stringify(name)} among ${names.join(', ')}`)
    }
    const contenders = CONTENDERS.filter(({ name }) => asked?.includes(name) ?? true)
    const withCrowd = asked?.includes(CROWD) ?? true
    build()
    await installRivals()

    const folder = await temporaryFolder()
    const runs: Record<string, number[]> = {}
    const note = (key: string, value: number): void => { (runs[key] ??= []).push(value) }
    let chromium = 'not run'
    /** In a folder of its own, which is gone afterwards. */
    const inFolder = async <T> (name: string, work: (path: string) => Promise<T>): Promise<T> => {
      const path = join(folder, name)
      await mkdir(path)
      try {
        return await work(path)
      } finally {
        await rm(path, { recursive: true, force: true, maxRetries: 3 })
        // ext4 goes on deleting, at the cost of whoever comes next
        await sleep(REST_MS)
      }
    }
    for (let round = 0; round < rounds; round++) {
      const puts = new Map<string, number>()
      for (let i = 0; i < contenders.length; i++) {
        const { name, script, where } = contenders[(i + round) % contenders.length] as Contender
        const took = await inFolder(name, async (path): Promise<Took> => {
          if (where === 'node') return await run<Took>(script, options.profile, name, path, String(mib))
          const { version, ...took } = await runPage(script, name, pageMib, path)
          chromium = version
          return took
        })
        puts.set(name, took.put_mbps)
        for (const [key, value] of Object.entries(took)) note(`${name}_${key}`, value as number)
        progress(`round ${round + 1} of ${rounds}: ${name.padEnd(14)} put ${took.put_mbps.toFixed(0).padStart(5)} MB/s, ` +
          `get ${took.get_mbps.toFixed(0).padStart(5)} MB/s, pause ${took.pause_ms.toFixed(0)} ms`)
      }
      for (const [key, [one, other]] of Object.entries(RATIOS)) {
        const [mine, its] = [puts.get(one), puts.get(other)]
        if (mine !== undefined && its !== undefined) note(key, mine / its)
      }
      if (!withCrowd) continue
      const { open_s, gc_pause_ms } = await inFolder(CROWD, path => run<Crowded>(at('store/crowded.ts'), options.profile, CROWD, path, String(CROWD_BLOCKS)))
      note('fs_open_100k_s', open_s)
      note('fs_gc_pause_ms', gc_pause_ms)
      const page = await inFolder(CROWD, path => crowdPage(at('store/page.ts'), CROWD_BLOCKS, path))
      note('opfs_open_100k_s', page.open_s)
      note('opfs_gc_pause_ms', page.gc_pause_ms)
      progress(`round ${round + 1} of ${rounds}: ${CROWD_BLOCKS} blocks opened in ${open_s.toFixed(2)} s, pause ${gc_pause_ms.toFixed(0)} ms; ` +
        `in a page in ${page.open_s.toFixed(2)} s, pause ${page.gc_pause_ms.toFixed(0)} ms`)
    }
    const measured = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, median(values)]))
    const targets = asked === undefined && options.profile === undefined ? TARGETS : []
    for (const { key } of targets) if (measured[key] === undefined) throw new Error(`${key} was not measured`)
    const env = {
      ...machine(),
      mib,
      page_mib: pageMib,
      rounds,
      chromium,
      blockstore_fs: await rivalVersion('blockstore-fs'),
      blockstore_idb: await rivalVersion('blockstore-idb')
    }
    print({ bench: 'store', env, measured, runs, targets }, options.json)
  }
}
