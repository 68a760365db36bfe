/** Meshes and trees side by side, simulated: how soon parts of a low-latency stream are with its viewers, and how long a file takes. */

import { lowLatency, simulate, swarm, type Report } from '@shoal/simulator'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

const OVERLAYS = ['mesh', 'tree'] as const
const FILE = { peers: 8, bytes: 8 * 2 ** 20 }

const help = `usage: npm run -s bench -- overlay [options]

  --peers LIST   viewers of the low-latency stream (default 6,30)
  --seconds N    simulated seconds of it (default 40)
  --runs N       seeds (default 5)
  --json         one JSON object as the last line of standard output, all else on standard error

A stream of 2 Mbit/s in parts of 0.5 s, played two seconds behind, whose viewers are 40 ms and their own links from each other; and a file of 8 MiB from one
seeder to ${FILE.peers} peers behind 20 Mbit/s. Measured, prefixed <mesh|tree>_<viewers>_: delay_p50_ms, delay_p99_ms from the moment a part is out until a
viewer has it; origin_copies; offload; stall_ratio; waste_percent of what peers gave; and <mesh|tree>_file_s until the median peer has the file.`

export const overlay: Bench = {
  name: 'overlay',
  summary: 'meshes and trees, simulated: delay of the parts of a low-latency stream, completion of a file',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      peers: { type: 'string', default: '6,30' },
      seconds: { type: 'string', default: '40' },
      runs: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false }
    })
    const sizes = options.peers.split(',').map(size => positive('peers', size))
    const seconds = positive('seconds', options.seconds)
    const seeds = positive('runs', options.runs)
    build()
    const runs: Record<string, number[]> = {}
    const note = (values: Record<string, number>): void => {
      for (const [key, value] of Object.entries(values)) (runs[key] ??= []).push(value)
    }
    for (let seed = 1; seed <= seeds; seed++) {
      for (const each of OVERLAYS) {
        for (const viewers of sizes) {
          const report = await simulate(lowLatency({ viewers, seconds, seed, overlay: each }))
          note(liveFigures(`${each}_${viewers}_`, report))
        }
        const { completed } = await simulate({ ...swarm({ ...FILE, seed }), overlay: each })
        note({ [`${each}_file_s`]: median(completed.map(time => time ?? Infinity)) })
      }
      progress(`seed ${seed} of ${seeds}: ${Object.entries(runs).map(([key, values]) => `${key} ${Math.round(100 * (values.at(-1) ?? NaN)) / 100}`).join(', ')}`)
    }
    const measured: Record<string, number> = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, median(values)]))
    const targets: Target[] = []
    for (const viewers of sizes) {
      for (const key of ['delay_p50', 'delay_p99']) {
        measured[`${viewers}_${key}_ratio`] = (measured[`tree_${viewers}_${key}_ms`] ?? NaN) / (measured[`mesh_${viewers}_${key}_ms`] ?? NaN)
        targets.push({ key: `${viewers}_${key}_ratio`, op: '<=', want: 0.8 })
      }
    }
    const env = { ...machine(), sizes: sizes.join(' '), simulated_s: seconds, seeds, bitrate: 2e6, part_s: 0.5, file_bytes: FILE.bytes }
    print({ bench: 'overlay', env, measured, runs, targets }, options.json)
  }
}

function liveFigures (prefix: string, { delay, originCopies, offload, stallRatio, wasted, fromPeers }: Report): Record<string, number> {
  return {
    [`${prefix}delay_p50_ms`]: 1000 * delay.p50,
    [`${prefix}delay_p99_ms`]: 1000 * delay.p99,
    [`${prefix}origin_copies`]: originCopies.mean,
    [`${prefix}offload`]: offload,
    [`${prefix}stall_ratio`]: stallRatio,
    [`${prefix}waste_percent`]: 100 * wasted / Math.max(1, fromPeers)
  }
}
