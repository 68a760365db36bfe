/**
 * A swarm behind capped uplinks with and without free riders, in turn, in the same network namespaces: what those who give lose by the
 * riders, and what riders lose by riding. Then the same number of peers around a publisher with upload to spare. With `--cunning` there
 * are peers that are out for an advantage instead, one kind after the other.
 */

import { join } from 'node:path'
import { whyNoSpaces } from '../support/namespaces.ts'
import { crowd, type Crowd, type Part } from './freeride/crowd.ts'
import { cunning, ENOUGH, NAMES } from './freeride/cunning.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { CONGESTION_CONTROL, Lan, type Host } from './support/lan.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { ownVersion } from './support/rivals.ts'
import { positive, readOptions, UsageError, type Bench } from './support/usage.ts'

/** Of all fetchers. */
const RIDERS_SHARE = 0.4
const CUNNING_SHARE = 0.2
/** What the publisher has more than a fetcher. */
const PUBLISHER = 4
/** What a node gives of its uplink: the rest is headers, and what else it has to say. */
const RATE_SHARE = 0.9
const NEWCOMER_MS = 10_000
/** One optimistic round of the choker. */
const OPTIMISTIC_S = 30
/** More than all processes together can use. */
const SPARE_BPS = 10e9

const TARGETS: readonly Target[] = [
  { key: 'contributor_over_freerider', op: '>=', want: 1.5 },
  { key: 'contributor_slowdown', op: '<=', want: 1.15 },
  { key: 'newcomer_first_block_s', op: '<=', want: OPTIMISTIC_S },
  { key: 'spare_slowdown', op: '<=', want: 1.15 }
]
const CUNNING = ['strategic', 'sybil', 'colluding', 'whitewasher'] as const
const KINDS = ['honest', ...CUNNING] as const
type Kind = typeof KINDS[number]
const SIMULATED_TARGETS: readonly Target[] = [
  { key: 'simulated_contributor_over_freerider', op: '>=', want: 1.5 },
  { key: 'simulated_contributor_slowdown', op: '<=', want: 1.15 }
]
const SIMULATED_SEEDS = [1, 2, 3, 4, 5]

const help = `usage: npm run -s bench -- freeride [options]

  --peers N   fetchers, of whom two of five are free riders (default 20)
  --mib N     size of the content in MiB (default 24)
  --mbit N    uplink of each fetcher in 10^6 bits per second (default 5); the publisher has ${PUBLISHER} times that
  --cunning   peers out for an advantage instead of riders, one of five fetchers; each kind has a run of its own in each round
  --kinds A,B of the cunning, these alone: honest (for comparison), strategic, sybil, colluding, whitewasher (default all)
  --runs N    rounds (default 3)
  --simulated  the simulator alone: nothing of the machine is needed
  --json      one JSON object as the last line of standard output, all else on standard error

Linux, root and iproute2 are needed: each peer runs in a network namespace, its uplink capped by tc tbf, its downlink not. Who gives has an
upload.rate of ${100 * RATE_SHARE} % of its uplink, a free rider one of 0. Whoever is complete goes on giving. A newcomer that gives joins
${NEWCOMER_MS / 1000} s after the others, with riders and without.

Measured, medians of the rounds: contributor_over_freerider how many times longer the median free rider takes than the median contributor;
contributor_slowdown the median contributor's time with free riders over that without; newcomer_first_block_s the newcomer's first block, with
free riders, from the link on; spare_slowdown the median free rider's time over the median contributor's where the publisher has upload for
all. simulated_* the same in the simulator, medians of five seeds.

With --cunning: *_gain is the median time of those who give over the median time of the cunning in the same run; *_s and *_contributor_s are these
times; *_gain_over_honest the time of the same peers in a run in which they are honest over that when they are cunning. strategic gives ${100 * ENOUGH} % of what others do; sybil has ${NAMES} identities that share the uplink and divide the content between them; colluding
peers serve each other alone; a whitewasher gives nothing and goes on under a new identity every 10 s.

*_cpu_saturated_percent: of the time of each run, in how much all cores of the machine were busy. Where that is more than a little, processors and
not the uplinks decide who is fast.`

export const freeride: Bench = {
  name: 'freeride',
  summary: 'two of five peers give nothing while upload is scarce: what it costs them, and the others',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      peers: { type: 'string', default: '20' },
      mib: { type: 'string', default: '24' },
      mbit: { type: 'string', default: '5' },
      cunning: { type: 'boolean', default: false },
      kinds: { type: 'string' },
      runs: { type: 'string', default: '3' },
      simulated: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false }
    })
    const peers = positive('peers', options.peers)
    const mib = positive('mib', options.mib)
    const mbit = positive('mbit', options.mbit)
    const rounds = positive('runs', options.runs)
    const kinds = kindsOf(options.kinds)
    if (options.simulated) {
      build()
      const runs = await simulated(peers, mib * 2 ** 20, mbit * 1e6)
      const measured = Object.fromEntries(Object.entries(runs).map(([key, of]) => [key, median(of)]))
      const env = { ...machine(), peers, mib, mbit, seeds: SIMULATED_SEEDS.length }
      print({ bench: 'freeride --simulated', env, measured, runs, targets: SIMULATED_TARGETS }, options.json)
      return
    }
    const obstacle = whyNoSpaces()
    if (obstacle !== undefined) throw new Error(`nothing was measured: ${obstacle}`)
    build()

    const lan = new Lan()
    const folder = await temporaryFolder()
    progress(`making a file of ${mib} MiB …`)
    const source = await randomFile(join(folder, 'content.bin'), mib * 2 ** 20)
    const values: Record<string, number[]> = {}
    const scene: Scene = {
      lan,
      mbit,
      publisher: { host: lan.add(PUBLISHER * mbit * 1e6), rate: rateOf(PUBLISHER * mbit) },
      fetchers: Array.from({ length: peers }, () => lan.add(mbit * 1e6)),
      crowd: async (publisher, parts) => await crowd(source, publisher, parts, join(folder, 'peers')),
      add (key, value) { (values[key] ??= []).push(value) }
    }
    const round = options.cunning ? outwit(scene, kinds) : ride(scene)
    for (let turn = 0; turn < rounds; turn++) {
      await round(turn)
      progress(`round ${turn + 1} of ${rounds}: ${Object.entries(values).map(([key, of]) => `${key} ${of.at(-1)?.toFixed(2)}`).join(', ')}`)
    }
    lan.remove()
    const env = {
      ...machine(), peers, ...options.cunning ? { cunning: share(peers, CUNNING_SHARE) } : { riders: share(peers, RIDERS_SHARE) }, mib,
      mbit, publisher_mbit: PUBLISHER * mbit, rounds, downlinks: 'not capped', congestion_control: CONGESTION_CONTROL,
      libp2p: await ownVersion('libp2p')
    }
    if (!options.cunning) {
      progress('simulating the same …')
      Object.assign(values, await simulated(peers, source.bytes, mbit * 1e6))
    }
    const measured = Object.fromEntries(Object.entries(values).map(([key, of]) => [key, median(of)]))
    const [bench, targets] = options.cunning
      ? ['freeride --cunning', CUNNING.filter(kind => kinds.includes(kind)).map((kind): Target => ({ key: `${kind}_gain`, op: '<=', want: 1.1 }))] as const
      : ['freeride', [...TARGETS, ...SIMULATED_TARGETS]] as const
    print({ bench, env, measured, runs: values, targets }, options.json)
  }
}

interface Publisher {
  readonly host: Host
  readonly rate?: string
}

interface Scene {
  readonly lan: Lan
  /** Uplink of a fetcher. */
  readonly mbit: number
  readonly publisher: Publisher
  readonly fetchers: readonly Host[]
  crowd (publisher: Publisher, parts: readonly Part[]): Promise<Crowd>
  /** One more value of a figure. */
  add (key: string, value: number): void
}

/** A round with riders and without, in turn, and one where there is upload for all. */
function ride ({ lan, mbit, publisher, fetchers, crowd, add }: Scene): (turn: number) => Promise<void> {
  const givers = fetchers.length - share(fetchers.length, RIDERS_SHARE)
  const contributors: Part = { kind: 'contributor', hosts: fetchers.slice(0, givers), rate: rateOf(mbit) }
  const riders: Part = { kind: 'rider', hosts: fetchers.slice(givers), rate: '0' }
  const newcomer: Part = { kind: 'newcomer', hosts: [lan.add(mbit * 1e6)], rate: rateOf(mbit), lateMs: NEWCOMER_MS }
  const free = { host: lan.add(SPARE_BPS) }
  return async turn => {
    const runs = new Map<boolean, Crowd>()
    for (const ridden of turn % 2 === 0 ? [false, true] : [true, false]) {
      runs.set(ridden, await crowd(publisher, [contributors, ...ridden ? [riders] : [], newcomer]))
    }
    const [alone, ridden] = [runs.get(false), runs.get(true)]
    const giver = time(ridden, 'contributor')
    add('alone_s', time(alone, 'contributor'))
    add('contributor_s', giver)
    add('freerider_s', time(ridden, 'rider'))
    add('contributor_over_freerider', time(ridden, 'rider') / giver)
    add('contributor_slowdown', giver / time(alone, 'contributor'))
    add('newcomer_first_block_s', ridden?.ended.get('newcomer')?.[0]?.firstBlock ?? NaN)
    const spare = await crowd(free, [{ kind: 'contributor', hosts: contributors.hosts }, riders])
    add('spare_slowdown', time(spare, 'rider') / time(spare, 'contributor'))
    for (const [name, run] of Object.entries({ alone, ridden, spare })) add(`${name}_cpu_saturated_percent`, run?.saturated ?? NaN)
  }
}

/** A round with one kind of cunning peers after the other among peers that give, and one in which they are honest. */
function outwit ({ mbit, publisher, fetchers, crowd, add }: Scene, chosen: readonly Kind[]): (turn: number) => Promise<void> {
  const givers = fetchers.length - share(fetchers.length, CUNNING_SHARE)
  const contributors: Part = { kind: 'contributor', hosts: fetchers.slice(0, givers), rate: rateOf(mbit) }
  const kinds = [{ ...contributors, kind: 'honest', hosts: fetchers.slice(givers) }, ...cunning(fetchers.slice(givers), share => rateOf(share * mbit))]
    .filter(({ kind }) => chosen.some(one => one === kind))
  return async turn => {
    const took = new Map<string, number>()
    for (let i = 0; i < kinds.length; i++) {
      const part = kinds[(i + turn) % kinds.length] as Part
      const run = await crowd(publisher, [contributors, part])
      const [seconds, others] = [time(run, part.kind), time(run, 'contributor')]
      took.set(part.kind, seconds)
      progress(`${part.kind}: ${seconds.toFixed(1)} s, the others ${others.toFixed(1)} s, all cores busy for ${run.saturated.toFixed(0)} % of the time`)
      add(`${part.kind}_gain`, others / seconds)
      add(`${part.kind}_s`, seconds)
      add(`${part.kind}_contributor_s`, others)
      add(`${part.kind}_cpu_saturated_percent`, run.saturated)
    }
    const honest = took.get('honest')
    if (honest === undefined) return
    for (const [kind, seconds] of took) if (kind !== 'honest') add(`${kind}_gain_over_honest`, honest / seconds)
  }
}

function kindsOf (text: string | undefined): readonly Kind[] {
  if (text === undefined) return KINDS
  return text.split(',').map(name => {
    const kind = KINDS.find(one => one === name)
    if (kind === undefined) throw new UsageError(`--kinds: expected some of ${KINDS.join(',')}, got ${name}`)
    return kind
  })
}

/** So many of all, one at least, and one at least is left. */
function share (peers: number, part: number): number {
  return Math.min(peers - 1, Math.max(1, Math.round(part * peers)))
}

/** As the option `upload.rate`: what a node gives of an uplink. */
function rateOf (mbit: number): string {
  return `${RATE_SHARE * mbit}Mbit`
}

/** Two of five give nothing, and the same without them; the keys of what was measured, by seed. */
async function simulated (peers: number, bytes: number, up: number): Promise<Record<string, number[]>> {
  const { freeride: scenario, simulate } = await import('@shoal/simulator')
  const riders = Math.min(peers - 1, Math.round(RIDERS_SHARE * peers))
  const givers = peers - riders
  const values = { simulated_contributor_over_freerider: [] as number[], simulated_contributor_slowdown: [] as number[] }
  for (const seed of SIMULATED_SEEDS) {
    const all = (await simulate(scenario({ givers, riders, bytes, up, seed }))).completed.map(each => each ?? Infinity)
    const alone = (await simulate(scenario({ givers, riders: 0, bytes, up, seed }))).completed.map(each => each ?? Infinity)
    const giver = median(all.slice(0, givers))
    values.simulated_contributor_over_freerider.push(median(all.slice(givers)) / giver)
    values.simulated_contributor_slowdown.push(giver / median(alone))
  }
  return values
}

/** Seconds of the median peer of this kind. */
function time (run: Crowd | undefined, kind: string): number {
  return median((run?.ended.get(kind) ?? []).map(({ seconds }) => seconds))
}
