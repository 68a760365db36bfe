/**
 * What a decision of the picker costs, and how that grows with the content and with the swarm. The real state machine of `@shoal/swarm`
 * plays scenes that occur, with peers that are only book-keeping; only the time inside the machine counts.
 *
 * Each round runs every size in a process of its own. Absolute times are the machine's, so the targets are ratios: ten times the segments
 * at the same number of peers, and ten times the peers at the same number of segments.
 */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { positive, readOptions, UsageError, type Bench } from './support/usage.ts'
import { SCENES } from './picker/names.ts'
import type { Took } from './picker/worker.ts'

const FEW = { segments: 1000, peers: 20 }
const MANY = { segments: 10_000, peers: 200 }
const SIZES = [
  { segments: FEW.segments, peers: MANY.peers },
  { segments: MANY.segments, peers: FEW.peers },
  MANY
]

const NAMES = Object.keys(SCENES)

const TARGETS: readonly Target[] = NAMES.flatMap((name): Target[] => [
  // who joins with everything changes the rarity of every wanted run: that may grow with them
  { key: `${name}_growth_10x_segments`, op: '<=', want: name === 'join' ? 15 : 2 },
  { key: `${name}_growth_10x_peers`, op: '<=', want: 4 }
])

const help = `usage: npm run -s bench -- picker [options]

  --runs N       rounds (default 5)
  --only SCENE   one of ${NAMES.join(', ')}: for a closer look, no targets
  --profile DIR  writes a CPU profile of the largest size into DIR; no targets
  --json         one JSON object as the last line of standard output, all else on standard error

Scenes:
${Object.entries(SCENES).map(([name, says]) => `  ${name.padEnd(12)} ${says}`).join('\n')}

Measured, medians of the rounds, at ${MANY.segments} segments x ${MANY.peers} peers: *_event_us and *_decide_us are the median, *_p99_us the
99th percentile of what an event and the decision after it take, in microseconds. *_growth_* is the median step (event and decision) there
over the one with a tenth of the segments, or of the peers.`

/** The scenes at one size, in a process of its own. */
function play (segments: number, peers: number, only: string, profile: string | undefined): Promise<Record<string, Took>> {
  const flags = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${profile}`]
  const child = fork(fileURLToPath(new URL('picker/worker.ts', import.meta.url)), [String(segments), String(peers), only], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...flags]
  })
  return new Promise((resolve, reject) => {
    let took: Record<string, Took> | undefined
    child.once('message', message => { took = message as Record<string, Took> })
    child.once('error', reject)
    child.once('exit', code => {
      if (took === undefined) reject(new Error(`${segments} segments x ${peers} peers ended with ${code} and said nothing`))
      else resolve(took)
    })
  })
}

export const picker: Bench = {
  name: 'picker',
  summary: 'what a decision costs, and how that grows with segments and peers',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      runs: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false }
    })
    const rounds = positive('runs', options.runs)
    const { only, profile } = options
    const played = NAMES.filter(name => only === '' || only === name)
    if (played.length === 0) throw new UsageError(`--only: there is no ${JSON.stringify(only)} among ${NAMES.join(', ')}`)
    build()

    const runs: Record<string, number[]> = {}
    const note = (key: string, value: number): void => { (runs[key] ??= []).push(value) }
    for (let round = 0; round < rounds; round++) {
      const found: Record<string, Took>[] = []
      for (let i = 0; i < SIZES.length; i++) {
        const at = (i + round) % SIZES.length
        const { segments, peers } = SIZES[at] as typeof MANY
        found[at] = await play(segments, peers, only, segments * peers === MANY.segments * MANY.peers ? profile : undefined)
        progress(`round ${round + 1} of ${rounds}: ${segments} segments x ${peers} peers`)
      }
      for (const name of played) {
        const [fewSegments, fewPeers, all] = found.map(took => took[name]) as [Took, Took, Took]
        note(`${name}_event_us`, all.event)
        note(`${name}_event_p99_us`, all.eventP99)
        note(`${name}_decide_us`, all.decide)
        note(`${name}_decide_p99_us`, all.decideP99)
        note(`${name}_growth_10x_segments`, all.step / fewSegments.step)
        note(`${name}_growth_10x_peers`, all.step / fewPeers.step)
      }
    }
    const measured = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, median(values)]))
    const targets = only === '' && profile === undefined ? TARGETS : []
    print({ bench: 'picker', env: { ...machine(), rounds, ...MANY, blocks_per_segment: 12 }, measured, runs, targets }, options.json)
  }
}
