/**
 * Swarms of a size that no machine holds, simulated: announcements, copies from the origin, offload and stalls from a hundred viewers on.
 * Each size runs in a process of its own. Up to `--whole` viewers every viewer is a whole node, the more of them the shorter their stream;
 * beyond, only the announcements are simulated, and what they do not tell is not reported.
 */

import { fork } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { svg } from '@shoal/simulator'
import { KINDS, secondsFor, type Job, type Kind, type Took } from './scale/names.ts'
import { machine, print, progress, type Target } from './support/report.ts'
import { positive, readOptions, UsageError, type Bench } from './support/usage.ts'

const HEAP_MIB = 16_384
/** Flat within ± 20 %. */
const FLAT = 1.2 / 0.8

const LENGTHS = [100, 1000, 5000, 10_000].map(peers => `${secondsFor(peers)} for ${peers} viewers`).join(', ')

const help = `usage: npm run -s bench -- scale [options]

  --peers LIST   sizes (default 100,1000,10000,100000)
  --kinds LIST   of live and vod (default both)
  --whole N      largest size that is simulated whole (default 1000); beyond, announcements alone, for 120 s
  --seconds N    seconds of stream that are simulated (default: by size, what takes some minutes: ${LENGTHS})
  --seed N       (default 1)
  --hints        viewers say in which of the three regions they are
  --out DIR      reports as JSON, and plots as SVG
  --json         one JSON object as the last line of standard output, all else on standard error

Measured, prefixed <live|vod>_<peers>_: announce_bps_per_peer announcements as received, envelopes, all copies and gossip about them included;
announce_share of all bytes delivered; where the stream is shorter than 120 s, both of announcements alone, for 120 s, and of that stream,
while its viewers come, as announce_..._arriving; origin_copies of a segment, on average; floor_copies one of each, or more where the first segments of
viewers who came took more from the origin; offload bytes from peers over all, offload_ceiling what the
uplinks and one copy of each segment from the origin allow; afar_share of the bytes from
peers, what came from another region; stall_ratio stalled time over time watched, stall_ratio_origin_only the same with
nobody but the origin; first_peer_p50_s and _p99_s from the link to the first block from a peer; simulated_s how long the stream was; wall_s, rss_mb,
cpu_us_per_viewer_s and rss_kb_per_viewer what the simulation took.
announce_spread is the largest announce_bps_per_peer over the least, of each kind.`

export const scale: Bench = {
  name: 'scale',
  summary: 'simulated swarms of 100 to 100,000 viewers: announcements, origin copies, offload, stalls',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      peers: { type: 'string', default: '100,1000,10000,100000' },
      kinds: { type: 'string', default: KINDS.join() },
      whole: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '' },
      seed: { type: 'string', default: '1' },
      hints: { type: 'boolean', default: false },
      out: { type: 'string', default: '' },
      json: { type: 'boolean', default: false }
    })
    const sizes = options.peers.split(',').map(size => positive('peers', size))
    const kinds = options.kinds.split(',').map(kind => {
      if (!KINDS.includes(kind as Kind)) throw new UsageError(`--kinds: expected ${KINDS.join(' or ')}, got ${JSON.stringify(kind)}`)
      return kind as Kind
    })
    const whole = positive('whole', options.whole)
    const asked = options.seconds === '' ? undefined : positive('seconds', options.seconds)
    const seed = positive('seed', options.seed)
    const { out, json, hints } = options
    build()
    const measured: Record<string, number> = {}
    const targets: Target[] = []
    for (const kind of kinds) {
      for (const peers of sizes) {
        const job = { kind, peers, seed, out, hints, whole: peers <= whole, seconds: asked ?? secondsFor(peers) }
        const took = await simulated(job)
        for (const [key, value] of Object.entries(took)) measured[`${kind}_${peers}_${key}`] = value
        targets.push(...targetsOf(job, took))
        progress(`${kind} ${peers}: ${Object.entries(took).map(([key, value]) => `${key} ${Number(value.toPrecision(4))}`).join(', ')}`)
      }
      const rates = sizes.map(peers => measured[`${kind}_${peers}_announce_bps_per_peer`] as number)
      measured[`${kind}_announce_spread`] = Math.max(...rates) / Math.min(...rates)
      if (sizes.length > 1) targets.push({ key: `${kind}_announce_spread`, op: '<=', want: FLAT })
    }
    if (out !== '') await draw(out, kinds, sizes, measured)
    const env = { ...machine(), sizes: sizes.join(' '), whole_up_to: whole, simulated_s: asked ?? 'by size', seed, hints: hints ? 'yes' : 'no', bitrate: 2.5e6, segment_s: 6 }
    print({ bench: 'scale', env, measured, runs: {}, targets }, json)
  }
}

function targetsOf ({ kind, peers, whole }: Job, took: Took): Target[] {
  const prefix = `${kind}_${peers}_`
  const targets: Target[] = [{ key: `${prefix}announce_share`, op: '<=', want: 0.01 }]
  if (!whole) return targets
  return [
    ...targets,
    ...took.origin_copies === undefined ? [] : [{ key: `${prefix}origin_copies`, op: '<=', want: peers <= 1000 ? 1.2 : 5 } as const],
    { key: `${prefix}stall_ratio`, op: '<=', want: took.stall_ratio_origin_only ?? 0 }
  ]
}

/** @throws Error when it ended without a word */
function simulated (job: Job): Promise<Took> {
  const child = fork(fileURLToPath(new URL('scale/worker.ts', import.meta.url)), [JSON.stringify(job)], {
    execArgv: ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${HEAP_MIB}`, '--max-semi-space-size=64']
  })
  return new Promise((resolve, reject) => {
    let took: Took | undefined
    child.once('message', message => { took = message as Took })
    child.once('error', reject)
    child.once('exit', code => {
      if (took === undefined) reject(new Error(`${job.kind} with ${job.peers} viewers ended with ${code} and said nothing`))
      else resolve(took)
    })
  })
}

async function draw (
  out: string, kinds: readonly Kind[], sizes: readonly number[], measured: Readonly<Record<string, number>>
): Promise<void> {
  await mkdir(out, { recursive: true })
  const lines = (key: string): { name: string, points: [number, number][] }[] => kinds.map(kind => ({
    name: kind,
    points: sizes.flatMap(peers => {
      const value = measured[`${kind}_${peers}_${key}`]
      return value === undefined ? [] : [[peers, value] as [number, number]]
    })
  }))
  const drawing = svg({
    title: 'announcements per peer', x: 'viewers', y: 'bytes per second and peer', logX: true, lines: lines('announce_bps_per_peer')
  })
  await writeFile(join(out, 'announcements.svg'), drawing)
  await writeFile(join(out, 'origin-copies.svg'), svg({
    title: 'copies of a segment from the origin', x: 'viewers', y: 'copies', logX: true, lines: lines('origin_copies')
  }))
}
