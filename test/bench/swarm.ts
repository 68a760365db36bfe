/**
 * One seeder and N fetchers that begin at the same moment, each a process in a network namespace of its own behind a capped uplink, all on
 * one switch; downlinks are not capped. Shoal and WebTorrent in turn, in the same namespaces.
 *
 * What each fetcher took is set against the fluid lower bound max(F/u_s, N·F/(u_s + Σu_i)): no fetcher is done before the seeder has sent
 * every byte once, and N copies have to go up somebody's uplink. The bound takes payload bytes against the configured rate; frames, headers
 * and acknowledgements cost TCP about 5 % of that, which the ratio therefore holds.
 */

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { whyNoSpaces } from '../support/namespaces.ts'
import { isProfiled, profiledIn, readProfile, REST_MS, Worker, type Contender, type Profile, type Source } from './support/contender.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { CONGESTION_CONTROL, Lan, type Host } from './support/lan.ts'
import { LEDGER_TARGETS, ledgerShare, profileClock, type Profiled } from './support/profile.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { installRivals, ownVersion, rivalVersion } from './support/rivals.ts'
import { positive, readOptions, UsageError, type Bench } from './support/usage.ts'
import type { Answer, Job, Traffic } from './support/worker.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const CONTENDERS: readonly Contender[] = [
  { name: 'shoal', script: at('pair/shoal.ts'), options: { into: 'file' } },
  { name: 'webtorrent', script: at('rivals/webtorrent.ts') }
]

/** Uplinks of the fetchers with `--mixed`, in turn. */
const MIXED_MBIT = [5, 10, 20, 40]

const TARGETS: readonly Target[] = [
  { key: 'ratio_median', op: '<=', want: 1.15 },
  { key: 'ratio_last', op: '<=', want: 1.3 },
  { key: 'seed_copies', op: '<=', want: 1.3 },
  { key: 'waste_percent', op: '<=', want: 3 }
]
/** The simulator is held to what was measured just now. */
const SIMULATED_TARGET: Target = { key: 'simulation_error_percent', op: '<=', want: 15 }
const SIMULATED_SEEDS = [1, 2, 3, 4, 5]
const MIXED_TARGETS: readonly Target[] = [
  { key: 'ratio_median', op: '<=', want: 1.25 },
  { key: 'waste_percent', op: '<=', want: 3 }
]

const help = `usage: npm run -s bench -- swarm [options]

  --peers N      fetchers (default 8)
  --mib N        size of the content in MiB (default 32)
  --mbit N       uplink of the seeder, and of each fetcher, in 10^6 bits per second (default 20)
  --mixed        uplinks of the fetchers: ${MIXED_MBIT.join(', ')} Mbit/s in turn
  --runs N       rounds (default 3)
  --only NAME    shoal or webtorrent: for a closer look, no targets
  --profile END  seed, fetch or both: these ends of Shoal, which runs alone, write a CPU profile each into the working folder, and are slower
                 for it; no target but ledger_cpu_percent
  --json         one JSON object as the last line of standard output, all else on standard error

Linux, root and iproute2 are needed: each peer runs in a network namespace, its uplink capped by tc tbf, its downlink not. Shoal's fetchers
know the link and find each other; WebTorrent's are given each other's addresses.

Measured, medians of the rounds: bound_s max(F/u_s, N·F/(u_s + Σu_i)), payload bytes at the configured rates; ratio_median and ratio_last the
median and the last fetcher's time over it; seed_copies payload bytes that the seeder sent over F; waste_percent payload bytes that came to
fetchers for nothing, of N·F. webtorrent_* the same of WebTorrent; simulated_ratio_* what the simulator makes of the same setting, medians of
five seeds, and simulation_error_percent how far its completion times are off those measured, the worse of median and last. Not with --mixed.
With --profile also ledger_cpu_percent: what the profiled ends spent in the ledger and the choker, with all that these call, of the CPU time of
their main threads; ledger_self_percent without what they call.`

interface Outcome {
  /** Of each fetcher. */
  readonly seconds: readonly number[]
  readonly seedCopies: number
  readonly wastePercent: number
  readonly profiles: readonly Profiled[]
}

export const swarm: Bench = {
  name: 'swarm',
  summary: 'one seeder and eight fetchers behind capped uplinks: against the fluid lower bound, and WebTorrent',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      peers: { type: 'string', default: '8' },
      mib: { type: 'string', default: '32' },
      mbit: { type: 'string', default: '20' },
      mixed: { type: 'boolean', default: false },
      runs: { type: 'string', default: '3' },
      only: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false }
    })
    const peers = positive('peers', options.peers)
    const mib = positive('mib', options.mib)
    const mbit = positive('mbit', options.mbit)
    const rounds = positive('runs', options.runs)
    const { mixed } = options
    const profile = readProfile(options.profile)
    const only = profile === undefined ? options.only : 'shoal'
    const contenders = CONTENDERS.filter(({ name }) => only === undefined || name === only)
    if (contenders.length === 0) throw new UsageError(`--only: expected shoal or webtorrent, got ${JSON.stringify(only)}`)
    const obstacle = whyNoSpaces()
    if (obstacle !== undefined) throw new Error(`nothing was measured: ${obstacle}`)
    const rival = contenders.some(({ name }) => name === 'webtorrent')
    build()
    if (rival) await installRivals()

    const uplinks = [mbit, ...Array.from({ length: peers }, (_, i) => mixed ? MIXED_MBIT[i % MIXED_MBIT.length] as number : mbit)]
    const lan = new Lan()
    const hosts = uplinks.map(rate => lan.add(rate * 1e6))
    const folder = await temporaryFolder()
    progress(`making a file of ${mib} MiB …`)
    const source = await randomFile(join(folder, 'content.bin'), mib * 2 ** 20)
    const bound = fluidBound(source.bytes, uplinks)
    const values: Record<string, number[]> = {}
    const add = (key: string, value: number): void => { (values[key] ??= []).push(value) }
    for (let turn = 0; turn < rounds; turn++) {
      for (let i = 0; i < contenders.length; i++) {
        const contender = contenders[(i + turn) % contenders.length] as Contender
        const place = join(folder, contender.name)
        const { seconds, seedCopies, wastePercent, profiles } = await distribute(contender, source, hosts, place, profile)
        const prefix = contender.name === 'shoal' ? '' : `${contender.name}_`
        add(`${prefix}ratio_median`, median(seconds) / bound)
        add(`${prefix}ratio_last`, Math.max(...seconds) / bound)
        add(`${prefix}seed_copies`, seedCopies)
        add(`${prefix}waste_percent`, wastePercent)
        if (profiles.length > 0) {
          const { self, total } = await ledgerShare(profiles)
          add('ledger_cpu_percent', total)
          add('ledger_self_percent', self)
        }
        progress(`round ${turn + 1} of ${rounds}: ${contender.name.padEnd(10)} ${seconds.map(each => (each / bound).toFixed(2)).join(' ')} × ` +
          `${bound.toFixed(2)} s, seeder ${seedCopies.toFixed(2)} copies, waste ${wastePercent.toFixed(2)} %`)
      }
    }
    lan.remove()
    const env = {
      ...machine(),
      peers,
      mib,
      uplinks_mbit: uplinks.join(' '),
      downlinks: 'not capped',
      congestion_control: CONGESTION_CONTROL,
      rounds,
      libp2p: await ownVersion('libp2p'),
      ...rival ? { webtorrent: await rivalVersion('webtorrent') } : {},
      security: 'TLS, none for webtorrent'
    }
    const medians = Object.fromEntries(Object.entries(values).map(([key, of]) => [key, median(of)]))
    const measured: Record<string, number> = { bound_s: bound, ...medians }
    if (!mixed && measured.ratio_median !== undefined) Object.assign(measured, await simulated(peers, source.bytes, mbit * 1e6, measured))
    const whole = mixed ? MIXED_TARGETS : [...TARGETS, SIMULATED_TARGET]
    const targets = profile !== undefined ? LEDGER_TARGETS : only !== undefined ? [] : whole
    print({ bench: mixed ? 'swarm --mixed' : 'swarm', env, measured, runs: values, targets }, options.json)
  }
}

/** The same setting in the simulator. @param measured what it is to come near to */
async function simulated (
  peers: number, bytes: number, up: number, measured: Readonly<Record<string, number>>
): Promise<Record<string, number>> {
  const { fluidBound, simulate, swarm: scenario } = await import('@shoal/simulator')
  const medians: number[] = []
  const lasts: number[] = []
  for (const seed of SIMULATED_SEEDS) {
    const setting = scenario({ peers, bytes, up, seed })
    const ratios = (await simulate(setting)).completed.map(seconds => (seconds ?? Infinity) / fluidBound(setting))
    medians.push(median(ratios))
    lasts.push(Math.max(...ratios))
  }
  const found = { simulated_ratio_median: median(medians), simulated_ratio_last: median(lasts) }
  const off = (key: 'ratio_median' | 'ratio_last'): number => Math.abs(found[`simulated_${key}`] / (measured[key] as number) - 1)
  return { ...found, simulation_error_percent: 100 * Math.max(off('ratio_median'), off('ratio_last')) }
}

/** Seconds. @param uplinks 10^6 bits per second, the seeder's first */
function fluidBound (bytes: number, uplinks: readonly number[]): number {
  const [seeder = 0] = uplinks
  const sum = uplinks.reduce((total, rate) => total + rate, 0)
  return bytes * 8 / 1e6 * Math.max(1 / seeder, (uplinks.length - 1) / sum)
}

/** From a fresh seeder on the first host to fresh fetchers on the others. @throws Error when one failed or got something else */
async function distribute (
  contender: Contender, source: Source, hosts: readonly Host[], folder: string, profile?: Profile
): Promise<Outcome> {
  const { name, script, options = {} } = contender
  const workers = hosts.map(({ space }, i) => {
    const role = i === 0 ? 'seed' : 'fetch'
    return new Worker(script, role, isProfiled(profile, role), space)
  })
  const fetchers = workers.slice(1)
  try {
    const founds: unknown[] = []
    for (const [i, worker] of workers.entries()) {
      const [found, ...others] = founds
      const job: Job = {
        role: i === 0 ? 'seed' : 'fetch', file: source.file, bytes: source.bytes, folder: join(folder, String(i)), options,
        host: (hosts[i] as Host).address, found, others
      }
      await mkdir(job.folder, { recursive: true })
      founds.push((await worker.ask({ do: 'prepare', job })).found)
    }
    const from = profileClock()
    const done = await Promise.all(fetchers.map(fetcher => fetcher.ask({ do: 'fetch' })))
    const to = profileClock()
    const traffic = await Promise.all(workers.map(async worker => trafficOf(await worker.ask({ do: 'traffic' }), name)))
    for (const fetcher of fetchers) {
      const { digest } = await fetcher.ask({ do: 'digest' })
      if (digest !== source.digest) throw new Error(`a fetcher of ${name} got something else: SHA-256 ${digest}, expected ${source.digest}`)
    }
    const [sent, ...came] = traffic as [Traffic, ...Traffic[]]
    return {
      seconds: done.map(({ seconds }) => seconds as number),
      seedCopies: sent.uploaded / source.bytes,
      profiles: profiledIn(workers, from, to),
      wastePercent: 100 * came.reduce((sum, { wasted }) => sum + wasted, 0) / (fetchers.length * source.bytes)
    }
  } finally {
    await Promise.all(workers.map(worker => worker.end()))
    await rm(folder, { recursive: true, force: true })
    await new Promise(resolve => { setTimeout(resolve, REST_MS) })
  }
}

function trafficOf ({ traffic }: Answer, name: string): Traffic {
  if (traffic === undefined) throw new Error(`${name} did not count its traffic`)
  return traffic
}
