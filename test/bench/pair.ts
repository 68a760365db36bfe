/**
 * One seeder and one fetcher, each in its process, over TCP on loopback: until every byte is verified and written. Beside Shoal run the
 * raw libp2p stream under the same security (`raw`: its receiver only counts; `raw_hashed`: it hashes and writes as well), WebTorrent and
 * Helia.
 *
 * Every round runs all of them, in an order that moves on by one each round, so that what else the machine does falls on all alike. What
 * a contender does once per content (hashing, publishing, connecting) comes before the clock starts; comparing the bytes comes after.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { HEAP_FLAGS } from './support/heap.ts'
import { chooseContenders, readProfile, transfer, type Contender, type Run } from './support/contender.ts'
import { LEDGER_TARGETS, ledgerShare } from './support/profile.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { installRivals, ownVersion, rivalVersion } from './support/rivals.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const CONTENDERS: readonly Contender[] = [
  { name: 'shoal', script: at('pair/shoal.ts') },
  { name: 'raw', script: at('pair/raw.ts'), options: { receiver: 'counts' }, keepsNothing: true },
  { name: 'raw_hashed', script: at('pair/raw.ts'), options: { receiver: 'hashes and writes' } },
  { name: 'webtorrent', script: at('rivals/webtorrent.ts') },
  { name: 'helia', script: at('rivals/helia.ts') },
  { name: 'shoal_save', script: at('pair/shoal.ts'), options: { into: 'file' } }
]
const RIVALS = ['raw', 'raw_hashed', 'webtorrent', 'helia']

const TARGETS: readonly Target[] = [
  { key: 'ratio_raw_hashed', op: '>=', want: 0.9 },
  { key: 'ratio_raw', op: '>=', want: 0.7 },
  { key: 'ratio_webtorrent', op: '>=', want: 1.5 },
  { key: 'ratio_helia', op: '>=', want: 5 }
]

const help = `usage: npm run -s bench -- pair [options]

  --mib N        size of the content in MiB (default 512)
  --runs N       rounds (default 5)
  --only A,B     only these of ${CONTENDERS.map(({ name }) => name).join(', ')}: for a closer look, no targets
  --profile END  seed, fetch or both: these ends write a CPU profile into the working folder, and are slower for it; no target but
                 ledger_cpu_percent
  --json         one JSON object as the last line of standard output, all else on standard error

Measured, medians: *_mbps in 10^6 bytes per second; ratio_* is shoal_mbps over the other's; *_cpu_s is the CPU time of both processes;
shoal_rss_mb the highest resident set of the larger of seeder and fetcher, in 10^6 bytes. shoal writes into the store of a data folder,
shoal_save into one file. With --profile also ledger_cpu_percent: what the profiled ends of shoal, or else of shoal_save, spent in the ledger and
the choker, with all that these call, of the CPU time of their main threads while the clock ran; ledger_self_percent without what they call.`

export const pair: Bench = {
  name: 'pair',
  summary: 'one seeder, one fetcher over TCP: against raw libp2p streams, WebTorrent and Helia',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      mib: { type: 'string', default: '512' },
      runs: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false }
    })
    const mib = positive('mib', options.mib)
    const rounds = positive('runs', options.runs)
    const contenders = chooseContenders(CONTENDERS, options.only)
    const profile = readProfile(options.profile)
    const needsRivals = contenders.some(({ script }) => script.includes('rivals'))
    build()
    if (needsRivals) await installRivals()

    const folder = await temporaryFolder()
    progress(`making a file of ${mib} MiB …`)
    const source = await randomFile(join(folder, 'content.bin'), mib * 2 ** 20)
    const env = {
      ...machine(),
      mib,
      rounds,
      libp2p: await ownVersion('libp2p'),
      ...needsRivals ? { webtorrent: await rivalVersion('webtorrent'), helia: await rivalVersion('helia') } : {},
      security: 'TLS, none for webtorrent',
      v8: `${HEAP_FLAGS.join(' ')} for all`,
      stores: 'files: shoal, webtorrent and helia (blockstore-fs) a folder, raw_hashed and shoal_save one file, raw none'
    }
    const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]))
    for (let turn = 0; turn < rounds; turn++) {
      for (let i = 0; i < contenders.length; i++) {
        const contender = contenders[(i + turn) % contenders.length] as Contender
        const run = await transfer(contender, source, join(folder, contender.name), profile)
        runs.get(contender.name)?.push(run)
        progress(`round ${turn + 1} of ${rounds}: ${contender.name.padEnd(10)} ${(run.rate / 1e6).toFixed(1).padStart(7)} MB/s, ` +
          `${run.seconds.toFixed(2)} s, CPU ${run.cpu.toFixed(2)} s`)
      }
    }
    await rm(source.file)

    const values: Record<string, number[]> = {}
    for (const [name, of] of runs) {
      values[`${name}_mbps`] = of.map(run => run.rate / 1e6)
      values[`${name}_cpu_s`] = of.map(run => run.cpu)
      if (name === 'shoal') values['shoal_rss_mb'] = of.map(run => run.peakRss / 1e6)
    }
    const profiled = profile === undefined ? [] : runs.get('shoal') ?? runs.get('shoal_save') ?? []
    for (const { profiles } of profiled) {
      const { self, total } = await ledgerShare(profiles)
      ;(values['ledger_cpu_percent'] ??= []).push(total)
      ;(values['ledger_self_percent'] ??= []).push(self)
    }
    const measured: Record<string, number> = Object.fromEntries(Object.entries(values).map(([key, of]) => [key, median(of)]))
    const shoal = measured['shoal_mbps']
    if (shoal !== undefined) {
      for (const rival of RIVALS) {
        const rate = measured[`${rival}_mbps`]
        if (rate !== undefined) measured[`ratio_${rival}`] = shoal / rate
      }
    }
    const targets = profiled.length > 0 ? LEDGER_TARGETS : options.only === '' && profile === undefined ? TARGETS : []
    for (const { key } of targets) if (measured[key] === undefined) throw new Error(`${key} was not measured`)
    print({ bench: 'pair', env: { ...env, load_1min_after: machine().load_1min }, measured, runs: values, targets }, options.json)
  }
}
