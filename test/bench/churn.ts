/**
 * One seeder and N fetchers, each a process in a network namespace of its own behind a capped uplink. Every ten seconds half of the
 * fetchers, by lot, are killed with SIGKILL and replaced by new ones that have nothing; whoever is complete stays to serve until its lot
 * falls. After the last time those who are there are left to complete.
 */

import { randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { whyNoSpaces } from '../support/namespaces.ts'
import { Fetch, type Outcome } from './churn/fetch.ts'
import { Worker } from './support/contender.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { CONGESTION_CONTROL, Lan, type Host } from './support/lan.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { ownVersion } from './support/rivals.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

const SEEDER = fileURLToPath(new URL('pair/shoal.ts', import.meta.url))

const EVERY_MS = 10_000
/** Whoever is left after the last time and is not complete within this has failed. */
const LAST_MS = 60_000

const help = `usage: npm run -s bench -- churn [options]

  --peers N   fetchers at any time (default 8)
  --mib N     size of the content in MiB (default 16)
  --mbit N    uplink of the seeder, and of each fetcher, in 10^6 bits per second (default 20)
  --times N   how often half of the fetchers are killed and replaced, every ${EVERY_MS / 1000} s (default 6)
  --json      one JSON object as the last line of standard output, all else on standard error

Linux, root and iproute2 are needed: each peer runs in a network namespace, its uplink capped by tc tbf, its downlink not. Who is killed is
drawn by lot each time, gets SIGKILL and says nothing to anybody; what it had on disk is thrown away, and its successor begins with an empty
folder and an identity of its own. Whoever is complete stays to serve until its lot falls.

Measured: completed fetches that came to their end, killed those that were killed before, failed those that ended by an error or were not
complete ${LAST_MS / 1000} s after the last time; bad_bytes bytes of completed files that are not the content's, compared one by one; fetch_median_s
and fetch_last_s seconds that completed fetches took, from the start of their process.`

export const churn: Bench = {
  name: 'churn',
  summary: 'half of the fetchers are killed and replaced every ten seconds: does every other complete?',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      peers: { type: 'string', default: '8' },
      mib: { type: 'string', default: '16' },
      mbit: { type: 'string', default: '20' },
      times: { type: 'string', default: '6' },
      json: { type: 'boolean', default: false }
    })
    const peers = positive('peers', options.peers)
    const mib = positive('mib', options.mib)
    const mbit = positive('mbit', options.mbit)
    const times = positive('times', options.times)
    const obstacle = whyNoSpaces()
    if (obstacle !== undefined) throw new Error(`nothing was measured: ${obstacle}`)
    build()

    const lan = new Lan()
    const hosts = Array.from({ length: peers + 1 }, () => lan.add(mbit * 1e6))
    const [seederHost, ...fetcherHosts] = hosts as [Host, ...Host[]]
    const folder = await temporaryFolder()
    progress(`making a file of ${mib} MiB …`)
    const source = await randomFile(join(folder, 'content.bin'), mib * 2 ** 20)
    const job = { role: 'seed', file: source.file, bytes: source.bytes, folder: join(folder, 'seed'), options: {}, host: seederHost.address } as const
    await mkdir(job.folder)
    const seeder = new Worker(SEEDER, 'seed', false, seederHost.space)
    const { found } = await seeder.ask({ do: 'prepare', job })

    const outcomes: Promise<Outcome>[] = []
    const begin = (host: Host): Fetch => {
      const fetch = new Fetch(host, found, source, join(folder, String(outcomes.length)))
      outcomes.push(fetch.outcome)
      return fetch
    }
    const fetches = fetcherHosts.map(begin)
    for (let time = 1; time <= times; time++) {
      await sleep(EVERY_MS)
      const chosen = lots(peers, Math.ceil(peers / 2))
      await Promise.all(chosen.map(i => (fetches[i] as Fetch).kill()))
      for (const i of chosen) fetches[i] = begin(fetcherHosts[i] as Host)
      progress(`${time} of ${times}: ${chosen.length} killed and replaced`)
    }
    const late: Outcome = { end: 'failed', seconds: Infinity, badBytes: 0, error: `not complete ${LAST_MS / 1000} s after the last time` }
    const timer = new AbortController()
    const limit = sleep(LAST_MS, late, { signal: timer.signal })
    const ended = await Promise.all(outcomes.map(outcome => Promise.race([outcome, limit])))
    timer.abort()
    await limit.catch(() => {})
    await Promise.all([seeder.end(), ...fetches.map(fetch => fetch.kill())])
    lan.remove()

    for (const { end, error } of ended) if (end === 'failed') progress(`a fetch failed: ${error ?? ''}`)
    const count = (end: Outcome['end']): number => ended.filter(outcome => outcome.end === end).length
    const seconds = ended.filter(({ end }) => end === 'completed').map(outcome => outcome.seconds)
    const measured = {
      completed: count('completed'),
      killed: count('killed'),
      failed: count('failed'),
      bad_bytes: ended.reduce((sum, { badBytes }) => sum + badBytes, 0),
      ...seconds.length > 0 ? { fetch_median_s: median(seconds), fetch_last_s: Math.max(...seconds) } : {}
    }
    const env = {
      ...machine(), peers, mib, mbit, times, every_s: EVERY_MS / 1000, downlinks: 'not capped', congestion_control: CONGESTION_CONTROL,
      libp2p: await ownVersion('libp2p')
    }
    const targets: Target[] = [
      { key: 'completed', op: '>=', want: peers },
      { key: 'failed', op: '<=', want: 0 },
      { key: 'bad_bytes', op: '<=', want: 0 }
    ]
    print({ bench: 'churn', env, measured, runs: {}, targets }, options.json)
  }
}

/** So many of the numbers below `of`, by lot. */
function lots (of: number, many: number): number[] {
  const all = Array.from({ length: of }, (_, i) => i)
  return Array.from({ length: many }, () => all.splice(randomInt(all.length), 1)[0] as number)
}
