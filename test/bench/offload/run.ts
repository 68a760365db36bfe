/** One run: viewers come, watch and leave as the scenario says. */

import { setTimeout as sleep } from 'node:timers/promises'
import { median, progress } from '../support/report.ts'
import type { Meeting } from './contenders.ts'
import { SLOW_BPS, type Scenario } from './scenarios.ts'
import type { Stage } from './stage.ts'
import type { Sending } from './channels.ts'
import { Viewers, type Viewer } from './viewers.ts'
import type { Figures } from './viewing.ts'

const POLL_MS = 1_000
/** Playback may lag behind by this much before the run is given up. */
const SLACK_MS = 45_000
/** A picture that stands still everywhere for so long will not move again: wrong bytes end a film for good. */
const STUCK_MS = 15_000

export interface Playing {
  readonly title: string
  readonly scenario: Scenario
  readonly stage: Stage
  readonly meeting: Meeting
  /** Scripts of the page. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly viewers: number
  readonly seconds: number
  readonly verbose: boolean
}

export interface Played {
  readonly chromium: string
  readonly figures: readonly Figures[]
  /** Viewers who did not see the end, or anything. */
  readonly unfinished: number
  /** Media bytes from the origin, and from what runs beside it. */
  readonly sent: number
  /** Size of what was watched. */
  readonly watched: number
  /** Seconds. */
  readonly cpu: number
}

/** @throws Error when no viewer ever saw anything */
export async function play (playing: Playing): Promise<Played> {
  const { title, scenario, stage, meeting, viewers: count, seconds, verbose } = playing
  const viewers = await Viewers.start(playing.files, () => ({
    playlist: stage.playlist,
    base: stage.url,
    swarm: meeting.swarm,
    meet: meeting.meet,
    live: scenario.live === true,
    lowLatency: scenario.part !== undefined,
    ...scenario.first === 'wrong' ? { digests: stage.digests } : {},
    ...scenario.switches === true ? { switchAt: seconds / 2 } : {}
  }))
  try {
    const all: Viewer[] = []
    for (let i = 0; i < count; i++) all.push(await viewers.prepare(i === 0 ? firstSends(scenario) : undefined))
    const sentBefore = stage.mediaSent
    const givenBefore = meeting.given()
    const cpuBefore = await viewers.cpu()
    const openedAt = performance.now()
    const opening = all.map(async (viewer, i) => {
      await sleep(i * scenario.stagger)
      await viewer.open()
    })
    const opened = Promise.all(opening)
    opened.catch(() => {})
    const lastAt = (count - 1) * scenario.stagger
    const leaving = scenario.leaveEvery ?? Infinity
    let gone = 0
    let played = 0
    let movedAt = 0
    let figures: (Figures | undefined)[] = []
    for (;;) {
      await sleep(POLL_MS)
      const elapsed = performance.now() - openedAt
      figures = await Promise.all(all.map(viewer => viewer.figures()))
      await viewers.cpu()
      const staying = figures.filter((_, i) => all[i]?.left !== true)
      const done = scenario.live === true ? elapsed >= lastAt + seconds * 1000 : staying.every(each => each?.ended === true)
      if (elapsed >= lastAt && done) break
      if (elapsed > lastAt + seconds * 1000 + SLACK_MS) break
      const positions = sum(staying.map(each => each?.position ?? 0))
      if (positions !== played) movedAt = elapsed
      played = positions
      if (elapsed > lastAt && elapsed - movedAt > STUCK_MS) break
      // the last one stays to the end
      if (elapsed >= leaving * (gone + 1) && gone < count - 1) await all[gone++]?.leave()
    }
    await opened
    if (verbose) for (const [i, each] of figures.entries()) progress(`  ${title} ${i + 1}: ${JSON.stringify({ ...each, delivered: undefined, latency: undefined })}`)
    const complete = figures.filter((each): each is Figures => each !== undefined)
    let unfinished = 0
    for (const [i, viewer] of all.entries()) {
      const { ended = false, startMs, troubles = [] } = figures[i] ?? {}
      if (startMs !== undefined && (ended || viewer.left || scenario.live === true)) continue
      unfinished++
      progress(`${title}: viewer ${i + 1} ${startMs === undefined ? 'never started' : 'did not get to the end'}: ${troubles.slice(-3).join('; ')}`)
    }
    // bad peers may well end a film for others; that nobody sees anything is no result
    if (complete.every(({ startMs }) => startMs === undefined)) throw new Error(`${title}: no viewer ever started`)
    return {
      chromium: viewers.version,
      figures: complete,
      unfinished,
      sent: stage.mediaSent - sentBefore + meeting.given() - givenBefore,
      watched: stage.distinct(complete.flatMap(each => each.delivered.map(([path]) => path))),
      cpu: await viewers.cpu() - cpuBefore
    }
  } finally {
    await viewers.close()
  }
}

function firstSends ({ first }: Scenario): Sending | undefined {
  if (first === undefined) return undefined
  return first === 'slow' ? { rate: SLOW_BPS } : { wrong: true }
}

/** What the bench reports of a run. */
export function measure ({ figures, unfinished, sent, watched, cpu }: Played, { live, first }: Scenario): Record<string, number> {
  const delivered = sum(figures.flatMap(each => each.delivered.map(([, bytes]) => bytes)))
  const came = sent + sum(figures.map(each => each.overChannels))
  return {
    origin_copies: sent / watched,
    // no peer can bring a player its first fragment as soon as the origin does
    floor_copies: 1 + sum(figures.slice(1).map(each => each.delivered[0]?.[1] ?? 0)) / watched,
    offload: 1 - sent / delivered,
    ceiling: 1 - watched / delivered,
    start_ms_p50: median(figures.flatMap(each => each.startMs ?? [])),
    unfinished,
    stalls: sum(figures.map(each => each.stalls)),
    stall_ms: sum(figures.map(each => each.stallMs)),
    // the first seconds are those of a player that looks for its place
    ...live === true ? { latency_s: median(figures.flatMap(each => each.latency.slice(5))) } : {},
    duplicate_percent: Math.max(0, 100 * (came - delivered) / delivered),
    cpu_s_per_viewer: cpu / figures.length,
    heap_mb: median(figures.map(each => each.heap)) / 1e6,
    ...first === 'wrong' ? { wrong_segments: sum(figures.map(each => each.wrong)) } : {}
  }
}

function sum (values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
