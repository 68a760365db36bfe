/** One size of one round, in a process of its own: `worker.ts SEGMENTS PEERS [SCENE]` sends what each scene took. */

import type { SceneName } from './names.ts'
import { scenes } from './scenes.ts'

/** Microseconds of one scene. */
export interface Took {
  /** Medians. */
  readonly event: number
  readonly decide: number
  /** Event and decision together: the mean of what lies between the 5th and the 95th percentile. */
  readonly step: number
  readonly eventP99: number
  readonly decideP99: number
}

const [segments, peers, only = ''] = process.argv.slice(2)
const size = { segments: Number(segments), peers: Number(peers) }

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)
const quantile = (values: readonly number[], share: number): number => sorted(values)[Math.floor(share * (values.length - 1))] ?? NaN

/** Neither the collector's pauses nor steps at which nothing was to do. */
function middle (values: readonly number[]): number {
  const kept = sorted(values).slice(Math.floor(0.05 * values.length), Math.ceil(0.95 * values.length))
  return kept.reduce((sum, value) => sum + value, 0) / kept.length
}

const took: Partial<Record<SceneName, Took>> = {}
for (const [name, { steps, play }] of Object.entries(scenes) as [SceneName, typeof scenes[SceneName]][]) {
  if (only !== '' && only !== name) continue
  // once for the compiler, at a size that costs little
  play({ segments: 1000, peers: 20 }, steps)
  const { event, decide } = play(size, steps).times
  took[name] = {
    event: quantile(event, 0.5),
    decide: quantile(decide, 0.5),
    step: middle(event.map((value, i) => value + (decide[i] as number))),
    eventP99: quantile(event, 0.99),
    decideP99: quantile(decide, 0.99)
  }
}
if (process.send === undefined) console.log(took)
else process.send(took)
