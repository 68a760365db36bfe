/**
 * A swarm behind capped uplinks with and without free riders, in turn, in the same network namespaces: what those who give lose by the
 * riders, and what riders lose by riding. Then the same number of peers around a publisher with upload to spare.
 */

import { join } from 'node:path'
import { whyNoSpaces } from '../support/namespaces.ts'
import { crowd, type Ended, type Part } from './freeride/crowd.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { CONGESTION_CONTROL, Lan } from './support/lan.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { ownVersion } from './support/rivals.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

/** Of all fetchers. */
const RIDERS_SHARE = 0.4
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
const SIMULATED_TARGETS: readonly Target[] = [
  { key: 'simulated_contributor_over_freerider', op: '>=', want: 1.5 },
  { key: 'simulated_contributor_slowdown', op: '<=', want: 1.15 }
]
const SIMULATED_SEEDS = [1, 2, 3, 4, 5]

const help = `usage: npm run -s bench -- freeride [options]

  --peers N   fetchers, of whom two of five are free riders (default 20)
  --mib N     size of the content in MiB (default 24)
  --mbit N    uplink of each fetcher in 10^6 bits per second (default 5); the publisher has ${PUBLISHER} times that
  --runs N    rounds (default 3)
  --simulated  the simulator alone: nothing of the machine is needed
  --json      one JSON object as the last line of standard output, all else on standard error

Linux, root and iproute2 are needed: each peer runs in a network namespace, its uplink capped by tc tbf, its downlink not. Who gives has an
upload.rate of ${100 * RATE_SHARE} % of its uplink, a free rider one of 0. Whoever is complete goes on giving. A newcomer that gives joins
${NEWCOMER_MS / 1000} s after the others, with riders and without.

Measured, medians of the rounds: contributor_over_freerider how many times longer the median free rider takes than the median contributor;
contributor_slowdown the median contributor's time with free riders over that without; newcomer_first_block_s the newcomer's first block, with
free riders, from the link on; spare_slowdown the median free rider's time over the median contributor's where the publisher has upload for all. simulated_* the same in the simulator, medians of five seeds.`

export const freeride: Bench = {
  name: 'freeride',
  summary: 'two of five peers give nothing while upload is scarce: what it costs them, and the others',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      peers: { type: 'string', default: '20' },
      mib: { type: 'string', default: '24' },
      mbit: { type: 'string', default: '5' },
      runs: { type: 'string', default: '3' },
      simulated: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false }
    })
    const peers = positive('peers', options.peers)
    const mib = positive('mib', options.mib)
    const mbit = positive('mbit', options.mbit)
    const rounds = positive('runs', options.runs)
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

    const rate = (mbit: number): string => `${RATE_SHARE * mbit}Mbit`
    const lan = new Lan()
    const publisher = { host: lan.add(PUBLISHER * mbit * 1e6), rate: rate(PUBLISHER * mbit) }
    const all = Array.from({ length: peers }, () => lan.add(mbit * 1e6))
    const givers = Math.max(1, peers - Math.round(RIDERS_SHARE * peers))
    const contributors: Part = { kind: 'contributor', hosts: all.slice(0, givers), rate: rate(mbit) }
    const riders: Part = { kind: 'rider', hosts: all.slice(givers), rate: '0' }
    const newcomer: Part = { kind: 'newcomer', hosts: [lan.add(mbit * 1e6)], rate: rate(mbit), lateMs: NEWCOMER_MS }
    const free = { host: lan.add(SPARE_BPS) }
    const folder = await temporaryFolder()
    progress(`making a file of ${mib} MiB …`)
    const source = await randomFile(join(folder, 'content.bin'), mib * 2 ** 20)

    const values: Record<string, number[]> = {}
    const add = (key: string, value: number): void => { (values[key] ??= []).push(value) }
    const contended = (parts: readonly Part[]): ReturnType<typeof crowd> => crowd(source, publisher, parts, join(folder, 'peers'))
    for (let turn = 0; turn < rounds; turn++) {
      const ended = new Map<boolean, Awaited<ReturnType<typeof crowd>>>()
      for (const ridden of turn % 2 === 0 ? [false, true] : [true, false]) {
        ended.set(ridden, await contended([contributors, ...ridden ? [riders] : [], newcomer]))
      }
      const [alone, ridden] = [ended.get(false), ended.get(true)]
      const giver = median(seconds(ridden?.get('contributor')))
      add('alone_s', median(seconds(alone?.get('contributor'))))
      add('contributor_s', giver)
      add('freerider_s', median(seconds(ridden?.get('rider'))))
      add('contributor_over_freerider', median(seconds(ridden?.get('rider'))) / giver)
      add('contributor_slowdown', giver / median(seconds(alone?.get('contributor'))))
      add('newcomer_first_block_s', ridden?.get('newcomer')?.[0]?.firstBlock ?? NaN)
      const spare = await crowd(source, free, [{ kind: 'contributor', hosts: contributors.hosts }, riders], join(folder, 'peers'))
      add('spare_slowdown', median(seconds(spare.get('rider'))) / median(seconds(spare.get('contributor'))))
      progress(`round ${turn + 1} of ${rounds}: ${Object.entries(values).map(([key, of]) => `${key} ${of.at(-1)?.toFixed(2)}`).join(', ')}`)
    }
    lan.remove()
    const env = {
      ...machine(), peers, riders: riders.hosts.length, mib, mbit, publisher_mbit: PUBLISHER * mbit, rounds, downlinks: 'not capped',
      congestion_control: CONGESTION_CONTROL, libp2p: await ownVersion('libp2p')
    }
    progress('simulating the same …')
    Object.assign(values, await simulated(peers, source.bytes, mbit * 1e6))
    const measured = Object.fromEntries(Object.entries(values).map(([key, of]) => [key, median(of)]))
    print({ bench: 'freeride', env, measured, runs: values, targets: [...TARGETS, ...SIMULATED_TARGETS] }, options.json)
  }
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

function seconds (ended: readonly Ended[] | undefined): number[] {
  return (ended ?? []).map(({ seconds }) => seconds)
}
