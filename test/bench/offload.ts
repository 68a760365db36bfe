/**
 * What viewers take off an origin: headless Chromium, hls.js with the same settings, the same media with the same arrival, brought in turn
 * by hls.js alone, by p2p-media-loader (its own recommended settings, a tracker on this machine) and by Shoal.
 *
 * Nothing here is taken on a contender's word. The origin counts what it sends, each page what its player got and what came over its data
 * channels, and the browser its CPU time. What runs beside the origin for Shoal gives no media; should it all the same, that counts as the
 * origin's.
 */

import { bundle, CONTENDERS, mediaFolder, meetings, type ContenderName } from './offload/contenders.ts'
import { Film } from './offload/film.ts'
import { measure, play, type Played } from './offload/run.ts'
import { RATES, scenarios, SCENARIOS, WINDOW, type ScenarioName } from './offload/scenarios.ts'
import { Stage } from './offload/stage.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { installRivals, ownVersion, rivalVersion } from './support/rivals.ts'
import { positive, readOptions, UsageError, type Bench } from './support/usage.ts'

const help = `usage: npm run -s bench -- offload [options]

  --scenario A,B  only these of ${SCENARIOS.join(', ')}
  --only A,B      only these of ${CONTENDERS.join(', ')}
  --viewers N     (default 6)
  --seconds N     of film, or of the live stream after the last one came (default 120)
  --runs N        rounds (default 1)
  --verbose       what each viewer went through
  --json          one JSON object as the last line of standard output, all else on standard error

Measured, by scenario and contender: origin_copies, media bytes that the origin sent over the size of what was watched; floor_copies, the same
if everybody got the first segment there and nothing else twice; offload, what of all that players got did not come from the origin, beside
its ceiling, where each byte leaves the origin once; start_ms_p50 from the opening of the page to the first frame that moves; unfinished,
viewers who did not see the end; stalls and stall_ms of all viewers together; latency_s behind the newest frame (live only);
duplicate_percent, what came over data channels and from the origin beyond what players got, protocol included; cpu_s_per_viewer of the
whole browser; heap_mb per page at the end; wrong_segments that a player got (bad_peer only).
Scenarios: vod, viewers 4 s apart; vod_burst, all at once; live, segments of 2 s; ll_hls, parts of 0.5 s; switch, all go up to another
rendition at half of the film; churn, one leaves every 10 s; slow_peer, the first one sends at a quarter of the film's rate; bad_peer, a
byte of each piece of media that the first one sends is wrong.`

export const offload: Bench = {
  name: 'offload',
  summary: 'six viewers in Chromium: copies that the origin sends, start, stalls, latency, CPU; against hls.js alone and p2p-media-loader',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      scenario: { type: 'string', default: '' },
      only: { type: 'string', default: '' },
      viewers: { type: 'string', default: '6' },
      seconds: { type: 'string', default: '120' },
      runs: { type: 'string', default: '1' },
      verbose: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false }
    })
    const names = choose('scenario', options.scenario, SCENARIOS)
    const contenders = choose('only', options.only, CONTENDERS)
    const viewers = positive('viewers', options.viewers)
    const seconds = positive('seconds', options.seconds)
    const rounds = positive('runs', options.runs)
    build()
    await installRivals()

    const film = await Film.read()
    const bundles = new Map<ContenderName, Map<string, Uint8Array>>()
    for (const name of contenders) bundles.set(name, await bundle(name))
    const runs: Record<string, number[]> = {}
    let chromium = ''
    for (let turn = 0; turn < rounds; turn++) {
      for (const name of names) {
        for (let i = 0; i < contenders.length; i++) {
          const contender = contenders[(i + turn) % contenders.length] as ContenderName
          const files = bundles.get(contender) as Map<string, Uint8Array>
          const played = await once({ name, contender, viewers, seconds, film, files, verbose: options.verbose })
          chromium = played.chromium
          const measured = measure(played, scenarios[name])
          for (const [key, value] of Object.entries(measured)) (runs[`${name}_${contender}_${key}`] ??= []).push(value)
          progress(`round ${turn + 1} of ${rounds}: ${name} ${contender} ${JSON.stringify(measured, (_key, value: unknown) => typeof value === 'number' ? Math.round(value * 100) / 100 : value)}`)
        }
      }
    }
    const measured: Record<string, number> = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, median(values)]))
    for (const name of names) {
      const ratio = (measured[`${name}_shoal_cpu_s_per_viewer`] ?? NaN) / (measured[`${name}_p2pml_cpu_s_per_viewer`] ?? NaN)
      if (Number.isFinite(ratio)) measured[`${name}_cpu_ratio_p2pml`] = ratio
    }
    const env = {
      ...machine(), chromium, viewers, seconds, rounds, mbit: RATES[0] / 1e6, live_window: WINDOW,
      hlsjs: await ownVersion('hls.js'), p2p_media_loader: await rivalVersion('p2p-media-loader-hlsjs'), tracker: await rivalVersion('bittorrent-tracker')
    }
    print({ bench: 'offload', env, measured, runs, targets: targetsFor(names, measured) }, options.json)
  }
}

interface Setting {
  readonly name: ScenarioName
  readonly contender: ContenderName
  readonly viewers: number
  readonly seconds: number
  readonly film: Film
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly verbose: boolean
}

async function once ({ name, contender, film, files, verbose, viewers, seconds }: Setting): Promise<Played> {
  const scenario = scenarios[name]
  const { folder, remove } = await mediaFolder()
  const stage = await Stage.open(scenario, film, seconds, folder)
  try {
    const meeting = await meetings[contender](stage, scenario.live === true, folder)
    try {
      return await play({ title: `${name} ${contender}`, scenario, stage, meeting, files, viewers, seconds, verbose })
    } finally {
      await meeting.close()
    }
  } finally {
    await stage.close()
    await remove()
  }
}

function choose<T extends string> (option: string, asked: string, among: readonly T[]): readonly T[] {
  if (asked === '') return among
  return asked.split(',').map(name => {
    const found = among.find(known => known === name)
    if (found === undefined) throw new UsageError(`--${option}: there is no ${JSON.stringify(name)} among ${among.join(', ')}`)
    return found
  })
}

/** A timer's turn, and what two starts of the same page differ by on a machine that has other things to do. */
const GRAIN_MS = 250

/** Against what the same run measured of the others. */
function targetsFor (names: readonly ScenarioName[], measured: Readonly<Record<string, number>>): Target[] {
  const targets: Target[] = []
  for (const name of names) {
    const of = (contender: ContenderName, key: string): number | undefined => measured[`${name}_${contender}_${key}`]
    const want = (key: string, op: Target['op'], value: number | undefined): void => {
      if (value !== undefined && of('shoal', key) !== undefined) targets.push({ key: `${name}_shoal_${key}`, op, want: Math.round(value * 1000) / 1000 })
    }
    if (name === 'vod' || name === 'vod_burst') want('origin_copies', '<=', 1.1)
    if (name === 'live') want('origin_copies', '<=', 1.2)
    if (name === 'll_hls') {
      want('latency_s', '<=', 4)
      want('offload', '>=', 0.6 * (of('shoal', 'ceiling') ?? NaN))
    }
    if (name === 'bad_peer') want('wrong_segments', '<=', 0)
    want('unfinished', '<=', 0)
    const start = of('hlsjs', 'start_ms_p50')
    want('start_ms_p50', '<=', start === undefined ? undefined : start + GRAIN_MS)
    want('stall_ms', '<=', of('hlsjs', 'stall_ms'))
    if (measured[`${name}_cpu_ratio_p2pml`] !== undefined) targets.push({ key: `${name}_cpu_ratio_p2pml`, op: '<=', want: 1.2 })
  }
  return targets
}
