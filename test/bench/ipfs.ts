/**
 * One file from one node to another over TCP on loopback, until every byte is verified and stored: Shoal to Shoal, Kubo to Kubo over
 * Bitswap, and Kubo to Helia. Every round runs all of them, in an order that moves on by one each round.
 *
 * Like for like: the same leaves of 256 KiB under the same root, TLS, each fetcher writes into its store on the same disk and nobody
 * flushes; both ends have moved another file before the clock starts.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildKubo, kuboVersion } from '../../interop/support/kubo.ts'
import { chooseContenders, readProfile, transfer, type Contender, type Run } from './support/contender.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { HEAP_FLAGS } from './support/heap.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { installRivals, ownVersion, rivalVersion } from './support/rivals.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const CONTENDERS: readonly Contender[] = [
  { name: 'shoal', script: at('pair/shoal.ts') },
  { name: 'kubo', script: at('rivals/kubo.ts'), options: { fetcher: 'kubo' } },
  { name: 'helia', script: at('rivals/kubo.ts'), options: { fetcher: 'helia' } }
]

const TARGETS: readonly Target[] = [{ key: 'ratio_kubo', op: '>=', want: 1 }, { key: 'ratio_helia', op: '>=', want: 5 }]

/** Moved before the clock starts. */
const WARM_MIB = 64

const help = `usage: npm run -s bench -- ipfs [options]

  --mib N        size of the file in MiB (default 512)
  --runs N       rounds (default 3)
  --only A,B     only these of ${CONTENDERS.map(({ name }) => name).join(', ')}: for a closer look, no targets
  --profile END  seed, fetch or both: these ends write a CPU profile into the working folder, and are slower for it; no targets
  --json         one JSON object as the last line of standard output, all else on standard error

Measured, medians: *_mbps in 10^6 bytes per second; ratio_* is shoal_mbps over the other's; *_cpu_s is the CPU time of both ends. helia_mbps is
Helia fetching from Kubo. All move the same leaves of 256 KiB under the same root, over TLS, after ${WARM_MIB} MiB of something else, and nobody
flushes to the disk (Kubo's datastore has sync off). Kubo is built with Go on the first use.`

export const ipfs: Bench = {
  name: 'ipfs',
  summary: 'one file from one node to another: against Kubo and Helia over Bitswap',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      mib: { type: 'string', default: '512' },
      runs: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false }
    })
    const mib = positive('mib', options.mib)
    const rounds = positive('runs', options.runs)
    const contenders = chooseContenders(CONTENDERS, options.only)
    const profile = readProfile(options.profile)
    build()
    await installRivals()
    progress('building Kubo, once …')
    await buildKubo()

    const folder = await temporaryFolder()
    // by its name a film, whose leaves Shoal cuts as Kubo was told to
    const source = await randomFile(join(folder, 'content.mp4'), mib * 2 ** 20)
    const warm = await randomFile(join(folder, 'warm.mp4'), WARM_MIB * 2 ** 20)
    const env = {
      ...machine(),
      mib,
      warm_mib: WARM_MIB,
      rounds,
      libp2p: await ownVersion('libp2p'),
      helia: await rivalVersion('helia'),
      kubo: await kuboVersion(),
      security: 'TLS',
      v8: `${HEAP_FLAGS.join(' ')} for shoal and helia`,
      stores: 'files, nobody flushes: shoal a data folder, kubo its repository (flatfs, sync off), helia blockstore-fs'
    }
    const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]))
    const roots = new Set<unknown>()
    for (let turn = 0; turn < rounds; turn++) {
      for (let i = 0; i < contenders.length; i++) {
        const contender = contenders[(i + turn) % contenders.length] as Contender
        const warmed = { ...contender, options: { ...contender.options, warm: warm.file } }
        const run = await transfer(warmed, source, join(folder, contender.name), profile)
        roots.add((run.found as { root: unknown }).root)
        if (roots.size > 1) throw new Error(`expected one root for all, got ${[...roots].join(', ')}`)
        runs.get(contender.name)?.push(run)
        progress(`round ${turn + 1} of ${rounds}: ${contender.name.padEnd(6)} ${(run.rate / 1e6).toFixed(1).padStart(7)} MB/s, ` +
          `${run.seconds.toFixed(2)} s, CPU ${run.cpu.toFixed(2)} s`)
      }
    }
    await Promise.all([rm(source.file), rm(warm.file)])

    const values: Record<string, number[]> = {}
    for (const [name, of] of runs) {
      values[`${name}_mbps`] = of.map(run => run.rate / 1e6)
      values[`${name}_cpu_s`] = of.map(run => run.cpu)
    }
    const measured: Record<string, number> = Object.fromEntries(Object.entries(values).map(([key, of]) => [key, median(of)]))
    for (const rival of ['kubo', 'helia']) {
      const [ours, theirs] = [measured['shoal_mbps'], measured[`${rival}_mbps`]]
      if (ours !== undefined && theirs !== undefined) measured[`ratio_${rival}`] = ours / theirs
    }
    const targets = contenders === CONTENDERS && profile === undefined ? TARGETS : []
    for (const { key } of targets) if (measured[key] === undefined) throw new Error(`${key} was not measured`)
    print({ bench: 'ipfs', env: { ...env, load_1min_after: machine().load_1min }, measured, runs: values, targets }, options.json)
  }
}
