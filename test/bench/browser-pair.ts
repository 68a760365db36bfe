/**
 * Two pages over WebRTC, signalled through a relay, and a page that fetches from a Node.js process over WebRTC-Direct: until every byte is
 * verified and stored. Beside Shoal runs the raw libp2p stream over the same transports with the same settings, whose receiver only counts.
 *
 * Every round runs all of them, in an order that moves on by one each round. Publishing and connecting come before the clock starts;
 * looking for the bytes in the store comes after.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PageEnds } from './browser-pair/ends.ts'
import { Pages, type PageHandle } from './browser-pair/pages.ts'
import { Worker, type Source } from './support/contender.ts'
import { randomFile, temporaryFolder } from './support/folders.ts'
import { machine, median, print, progress, type Target } from './support/report.ts'
import { ownVersion } from './support/rivals.ts'
import { positive, readOptions, UsageError, type Bench } from './support/usage.ts'

type Way = 'chromium_chromium' | 'node_chromium'

interface Contender {
  readonly way: Way
  readonly name: keyof PageEnds
}

const SCRIPT = fileURLToPath(new URL('browser-pair/node.ts', import.meta.url))
const WAYS: readonly Way[] = ['chromium_chromium', 'node_chromium']
const CONTENDERS: readonly Contender[] = WAYS.flatMap(way => [{ way, name: 'shoal' }, { way, name: 'raw' }])
/** The protocol in the address of whom the bytes must have come from. */
const OVER: Readonly<Record<Way, RegExp>> = { chromium_chromium: /\/webrtc(\/|$)/, node_chromium: /\/webrtc-direct\// }
const TARGETS: readonly Target[] = WAYS.map(way => ({ key: `${way}_ratio_raw`, op: '>=', want: 0.9 }))

const help = `usage: npm run -s bench -- browser-pair [options]

  --mib N        size of the content in MiB (default 64)
  --runs N       rounds (default 5)
  --only A,B     only these of ${CONTENDERS.map(titleOf).join(', ')}: for a closer look, no targets
  --profile END  seed or fetch: that end, a page, writes CPU profiles into the working folder, and is slower for it; no targets
  --json         one JSON object as the last line of standard output, all else on standard error

Measured, medians: *_mbps in 10^6 bytes per second; *_ratio_raw is shoal_mbps over raw_mbps of the same way;
*_cpu_s is the CPU time of the whole browser and of the Node.js processes.`

export const browserPair: Bench = {
  name: 'browser-pair',
  summary: 'Chromium to Chromium and Node.js to Chromium over WebRTC: against raw libp2p streams',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      mib: { type: 'string', default: '64' },
      runs: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false }
    })
    const mib = positive('mib', options.mib)
    const rounds = positive('runs', options.runs)
    const contenders = choose(options.only)
    const { profile } = options
    if (profile !== undefined && profile !== 'seed' && profile !== 'fetch') throw new UsageError(`--profile: expected seed or fetch, got ${JSON.stringify(profile)}`)
    build()

    const folder = await temporaryFolder()
    const source = await randomFile(join(folder, 'content.bin'), mib * 2 ** 20)
    const pages = await Pages.start()
    const runs: Record<string, number[]> = Object.fromEntries(
      contenders.map(titleOf).flatMap(title => [[`${title}_mbps`, []], [`${title}_cpu_s`, []]]))
    const env = {
      ...machine(),
      chromium: pages.version,
      mib,
      rounds,
      libp2p: await ownVersion('libp2p'),
      webrtc: await ownVersion('@libp2p/webrtc'),
      store: 'shoal: IndexedDB of a fresh private profile, raw: none'
    }
    try {
      for (let turn = 0; turn < rounds; turn++) {
        for (let i = 0; i < contenders.length; i++) {
          const contender = contenders[(i + turn) % contenders.length] as Contender
          const title = titleOf(contender)
          const { seconds, cpu } = await transfer(contender, source, join(folder, 'node'), pages, profile)
          const rate = source.bytes / seconds / 1e6
          runs[`${title}_mbps`]?.push(rate)
          runs[`${title}_cpu_s`]?.push(cpu)
          progress(`round ${turn + 1} of ${rounds}: ${title.padEnd(23)} ${rate.toFixed(1).padStart(6)} MB/s, ${seconds.toFixed(2)} s, CPU ${cpu.toFixed(2)} s`)
        }
      }
    } finally {
      await pages.close()
    }

    const measured: Record<string, number> = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, median(values)]))
    for (const way of WAYS) {
      const [shoal, raw] = [measured[`${way}_shoal_mbps`], measured[`${way}_raw_mbps`]]
      if (shoal !== undefined && raw !== undefined) measured[`${way}_ratio_raw`] = shoal / raw
    }
    const targets = options.only === '' && profile === undefined ? TARGETS : []
    print({ bench: 'browser-pair', env: { ...env, load_1min_after: machine().load_1min }, measured, runs, targets }, options.json)
  }
}

/** One transfer between ends that are new. @throws Error when it failed, or went another way */
async function transfer (
  { way, name }: Contender, source: Source, folder: string, pages: Pages, profile?: 'seed' | 'fetch'
): Promise<{ seconds: number, cpu: number }> {
  const workers: Worker[] = []
  const handles: PageHandle[] = []
  const node = async (end: string): Promise<string> => {
    const worker = new Worker(SCRIPT, 'seed')
    workers.push(worker)
    const { found } = await worker.ask({ do: 'prepare', job: { role: 'seed', file: source.file, bytes: source.bytes, folder, options: { end } } })
    return found as string
  }
  const page = async (role: string): Promise<PageHandle> => {
    const handle = await pages.open(`${way} ${name} ${role}`)
    handles.push(handle)
    return handle
  }
  try {
    const options = { relay: await node('relay'), bytes: source.bytes }
    const seeder = way === 'node_chromium' ? undefined : await page('seed')
    const found = seeder === undefined ? await node(name) : await seeder.ask('seed', name, options)
    const fetcher = await page('fetch')
    await fetcher.ask('connect', name, found, options)
    const profiled = profile === 'seed' ? seeder : profile === 'fetch' ? fetcher : undefined
    await profiled?.startProfile()
    const cpu = async (): Promise<number> => {
      const usages = await Promise.all(workers.map(worker => worker.ask({ do: 'usage' })))
      return usages.reduce((sum, { usage }) => sum + usage.cpu, await pages.cpu())
    }
    const before = await cpu()
    const { seconds, over } = await fetcher.ask('fetch')
    const used = await cpu() - before
    await profiled?.endProfile()
    if (over.length === 0 || !over.every(addr => OVER[way].test(addr))) throw new Error(`${name}, ${way}: the bytes came over ${over.join(', ') || 'nothing'}`)
    await fetcher.ask('check')
    return { seconds, cpu: used }
  } finally {
    await Promise.all([...handles.map(handle => handle.close()), ...workers.map(worker => worker.end())])
    await rm(folder, { recursive: true, force: true })
  }
}

function titleOf ({ way, name }: Contender): string {
  return `${way}_${name}`
}

function choose (only: string): readonly Contender[] {
  if (only === '') return CONTENDERS
  return only.split(',').map(title => {
    const found = CONTENDERS.find(contender => titleOf(contender) === title)
    if (found === undefined) throw new UsageError(`--only: there is no ${JSON.stringify(title)} among ${CONTENDERS.map(titleOf).join(', ')}`)
    return found
  })
}
