import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { REST_MS, Worker, type Source } from '../support/contender.ts'
import { watchCpu } from '../support/cpu.ts'
import type { Host } from '../support/lan.ts'
import type { Job } from '../support/worker.ts'

const HONEST = fileURLToPath(new URL('peer.ts', import.meta.url))
const CUNNING = fileURLToPath(new URL('cunning-peer.ts', import.meta.url))

/** For the others to be found, and for processes that have just started to come to rest. */
const SETTLE_MS = 10_000

/** Of one kind of fetcher. */
export interface Part {
  readonly kind: string
  readonly hosts: readonly Host[]
  /** What it gives, as the option `upload.rate`; by default all it can. */
  readonly rate?: string
  /** They come so much later than the others, and begin with the link alone; the others have opened the content before. */
  readonly lateMs?: number
  /** What makes it cunning, for `cunning-peer.ts`. */
  readonly cunning?: Job['options']
}

export interface Ended {
  readonly seconds: number
  readonly firstBlock: number
}

export interface Crowd {
  /** By kind. */
  readonly ended: ReadonlyMap<string, readonly Ended[]>
  /** Percent of the time in which all cores of the machine were busy: then it is not the uplinks alone that were waited for. */
  readonly saturated: number
}

/**
 * From a fresh publisher to fresh fetchers; whoever is complete goes on giving. What each took, by kind.
 *
 * @throws Error when one failed or got something else
 */
export async function crowd (
  source: Source, publisher: { readonly host: Host, readonly rate?: string }, parts: readonly Part[], folder: string
): Promise<Crowd> {
  const workers: Worker[] = []
  const prepare = async (role: Job['role'], host: Host, options: Job['options'], found?: unknown): Promise<{ worker: Worker, found: unknown }> => {
    const worker = new Worker('way' in options ? CUNNING : HONEST, role, false, host.space)
    const job: Job = {
      role, file: source.file, bytes: source.bytes, folder: join(folder, String(workers.length)), host: host.address, found, options
    }
    workers.push(worker)
    await mkdir(job.folder, { recursive: true })
    return { worker, found: (await worker.ask({ do: 'prepare', job })).found }
  }
  const fetch = async (worker: Worker, lateMs: number): Promise<Ended> => {
    await sleep(lateMs)
    const { seconds = NaN } = await worker.ask({ do: 'fetch' })
    const { traffic } = await worker.ask({ do: 'traffic' })
    const { digest } = await worker.ask({ do: 'digest' })
    if (digest !== source.digest) throw new Error(`a fetcher got something else: SHA-256 ${digest}, expected ${source.digest}`)
    return { seconds, firstBlock: traffic?.firstBlock ?? NaN }
  }
  try {
    const { found } = await prepare('seed', publisher.host, given(publisher.rate))
    const ready: { kind: string, worker: Worker, lateMs: number }[] = []
    for (const { kind, hosts, rate, lateMs = 0, cunning } of parts) {
      const options = { ...given(rate), ...lateMs > 0 && { newcomer: 'yes' }, ...cunning }
      for (const host of hosts) ready.push({ kind, lateMs, worker: (await prepare('fetch', host, options, found)).worker })
    }
    await sleep(SETTLE_MS)
    const watched = watchCpu()
    const ended = await Promise.all(ready.map(async ({ kind, worker, lateMs }) => ({ kind, ...await fetch(worker, lateMs) })))
    return { ended: Map.groupBy(ended, ({ kind }) => kind), saturated: watched() }
  } finally {
    await Promise.all(workers.map(worker => worker.end()))
    await rm(folder, { recursive: true, force: true })
    await sleep(REST_MS)
  }
}

function given (rate: string | undefined): Job['options'] {
  return rate === undefined ? {} : { rate }
}
