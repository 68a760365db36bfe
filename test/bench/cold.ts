/**
 * The cold start: many viewers open the same film in the same moment, nobody holds anything but the origin, whose link they share. Beside
 * them the same viewers with the origin alone.
 *
 * The node that published is gone: one reachable node has the manifest and no media. Viewers are nodes of their own, several to a process,
 * each with a player's buffer and deadlines; the clock of a start runs from the call of `open` to the end of the first segment.
 */

import { fork, type ChildProcess } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Shoal } from '@shoal/interface'
import { temporaryFolder } from './support/folders.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { startShapedOrigin } from './support/shaped-origin.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'
import type { Play, Reply, Start, View } from './cold/viewers.ts'

const PER_PROCESS = 5
const BUFFER_MS = 30_000
const LATENCY_MS = 20
/** Of the film, with the origin alone: enough to see the start. */
const ALONE_SEGMENTS = 2
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

const TARGETS: readonly Target[] = [
  { key: 'origin_copies', op: '<=', want: 1.2 },
  { key: 'start_ratio_to_origin', op: '<=', want: 1 },
  { key: 'stalls', op: '<=', want: 0 },
  { key: 'waste_percent', op: '<=', want: 3 }
]

const help = `usage: npm run -s bench -- cold [options]

  --viewers N     (default 30)
  --segments N    of the film (default 60)
  --kib N         size of a segment (default 2048)
  --duration MS   of a segment (default 4000)
  --origin-mbit N rate of the origin's link (default 40)
  --runs N        rounds (default 1)
  --json          one JSON object as the last line of standard output, all else on standard error

Measured: origin_copies, bytes that the origin sent over the size of the film; start_ratio_to_origin, the slowest viewer's start over the
slowest with the origin alone, start_ratio_median the same of the medians; stalls of all viewers together; waste_percent of all bytes received.`

export const cold: Bench = {
  name: 'cold',
  summary: 'many viewers open the same film at once: copies that the origin sends, and how soon they start',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      viewers: { type: 'string', default: '30' },
      segments: { type: 'string', default: '60' },
      kib: { type: 'string', default: '2048' },
      duration: { type: 'string', default: '4000' },
      'origin-mbit': { type: 'string', default: '40' },
      runs: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false }
    })
    const viewers = positive('viewers', options.viewers)
    const segments = positive('segments', options.segments)
    const bytes = positive('kib', options.kib) * 1024
    const duration = positive('duration', options.duration)
    const mbit = positive('origin-mbit', options['origin-mbit'])
    const rounds = positive('runs', options.runs)
    build()

    const files = new Map(Array.from({ length: segments }, (_, i) =>
      [`seg${String(i).padStart(3, '0')}.m4s`, randomFillSync(Buffer.allocUnsafe(bytes))]))
    const folder = join(await temporaryFolder(), 'film')
    await mkdir(folder)
    for (const [path, content] of files) await writeFile(join(folder, path), content)
    const origin = await startShapedOrigin(files, mbit * 125_000, LATENCY_MS)
    const film = { paths: [...files.keys()], duration, buffer: BUFFER_MS }
    const runs: Record<string, number[]> = {
      origin_copies: [], start_ratio_to_origin: [], start_ratio_median: [], start_s_slowest: [], origin_start_s_slowest: [],
      stalls: [], stall_s: [], waste_percent: [], offload: []
    }
    try {
      for (let round = 0; round < rounds; round++) {
        const measured = await once({ viewers, folder, origin, film, total: segments * bytes })
        for (const [key, value] of Object.entries(measured)) runs[key]?.push(value)
        progress(`round ${round + 1} of ${rounds}: ${JSON.stringify(measured)}`)
      }
    } finally {
      await origin.close()
    }
    const measured = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, median(values)]))
    const sizes = { viewers, segments, kib: bytes / 1024, duration_ms: duration, origin_mbit: mbit, latency_ms: LATENCY_MS, rounds }
    print({ bench: 'cold', env: { ...machine(), ...sizes }, measured, runs, targets: TARGETS }, options.json)
  }
}

interface Setting {
  readonly viewers: number
  readonly folder: string
  readonly origin: Awaited<ReturnType<typeof startShapedOrigin>>
  readonly film: Play['film']
  readonly total: number
}

async function once ({ viewers, folder, origin, film, total }: Setting): Promise<Record<string, number>> {
  // only now is it built
  const { createShoal } = await import('shoal')
  const entry = await createShoal({ listen: [LOOPBACK], server: true })
  const crews: Crew[] = []
  try {
    const link = await publishElsewhere(entry, folder, origin.url)
    progress(`${viewers} viewers get ready …`)
    for (let left = viewers; left > 0; left -= PER_PROCESS) crews.push(new Crew())
    await Promise.all(crews.map((crew, i) => crew.ask({
      do: 'start', viewers: Math.min(PER_PROCESS, viewers - i * PER_PROCESS), bootstrap: entry.addrs
    })))
    const play = async (over: Play['over'], paths: readonly string[]): Promise<View[]> => {
      origin.reset()
      const replies = await Promise.all(crews.map(crew => crew.ask({ do: 'play', over, link, origin: origin.url, film: { ...film, paths } })))
      return replies.flatMap(reply => 'views' in reply ? reply.views : [])
    }
    progress('the origin alone …')
    const alone = await play('origin', film.paths.slice(0, ALONE_SEGMENTS))
    progress(`with peers, a film of ${film.paths.length * film.duration / 1000} s …`)
    const views = await play('shoal', film.paths)
    const reasons = new Map<string, number>()
    for (const [reason, bytes] of views.flatMap(view => Object.entries(view.reasons))) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + bytes / total)
    }
    progress(`copies from the origin by reason: ${[...reasons].map(([reason, copies]) => `${reason} ${copies.toFixed(3)}`).join(', ')}`)
    const sum = (key: 'stalls' | 'stalled' | 'wasted' | 'fromPeers' | 'fromOrigin'): number => views.reduce((all, view) => all + view[key], 0)
    const slowest = (of: readonly View[]): number => Math.max(...of.map(view => view.start))
    return {
      origin_copies: origin.sent / total,
      start_ratio_to_origin: slowest(views) / slowest(alone),
      start_ratio_median: median(views.map(view => view.start)) / median(alone.map(view => view.start)),
      start_s_slowest: slowest(views) / 1000,
      origin_start_s_slowest: slowest(alone) / 1000,
      stalls: sum('stalls'),
      stall_s: sum('stalled') / 1000,
      waste_percent: 100 * sum('wasted') / (sum('fromPeers') + sum('fromOrigin')),
      offload: sum('fromPeers') / (sum('fromPeers') + sum('fromOrigin'))
    }
  } finally {
    await Promise.all(crews.map(crew => crew.end()))
    await entry.stop()
  }
}

/** Publishes by a node that goes away again: the one that stays has the manifest and no media. */
async function publishElsewhere (entry: Shoal, folder: string, origin: string): Promise<string> {
  const { createShoal } = await import('shoal')
  const publisher = await createShoal({ listen: [LOOPBACK], bootstrap: [...entry.addrs] })
  try {
    const { link, manifest } = await publisher.publish(folder, { origin })
    const content = await entry.open(link)
    // a manifest comes page by page, as it is asked for
    for await (const segment of content.segments()) void segment
    return `shoal:${manifest}`
  } finally {
    await publisher.stop()
  }
}

/** One process of viewers. */
class Crew {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('cold/viewers.ts', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning']
  })

  async ask (order: Start | Play): Promise<Reply> {
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#child.once('message', message => { resolve(message as Reply) })
      this.#child.once('close', code => { reject(new Error(`viewers ended with ${code}`)) })
      this.#child.send(order)
    })
    if ('error' in reply) throw new Error(reply.error)
    return reply
  }

  async end (): Promise<void> {
    const closed = new Promise(resolve => { this.#child.once('close', resolve) })
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await closed
  }
}
