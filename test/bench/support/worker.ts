/** The inner side of a bench: one end of one contender, alone in its process, told by messages what to do and when. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** What both ends are told. */
export interface Job {
  readonly role: 'seed' | 'fetch'
  /** The original, for the seeder to read. */
  readonly file: string
  readonly bytes: number
  /** Empty, of this end alone. */
  readonly folder: string
  /** What the contender needs to know beside that. */
  readonly options: Readonly<Record<string, string>>
  /** Where it is reached; by default on loopback alone. */
  readonly host?: string
  /** What the seeder said of how it is found; for the fetcher. */
  readonly found?: unknown
  /** The same from the fetchers that were there before; for a fetcher. */
  readonly others?: readonly unknown[]
}

/** Payload bytes so far. */
export interface Traffic {
  readonly uploaded: number
  /** Came for nothing: twice, or too late, or wrong. */
  readonly wasted: number
  /** Seconds from the start of the fetch until the first block was here, where that is measured. */
  readonly firstBlock?: number | undefined
}

/** A seeder that is ready. */
export interface Seeding {
  /** Goes to the fetcher as JSON. */
  readonly found: unknown
  /** SHA-256 in hex of what it gives, when that is not the original. */
  readonly digest?: string
  readonly traffic?: () => Traffic
}

/** A fetcher that is connected, or can connect at once, and has fetched nothing. */
export interface Fetching {
  /** The timed part: resolves when everything is where it should be. */
  fetch (): Promise<void>
  /** The bytes that came, read anew from where they were written; `undefined` from a contender that keeps none. */
  result (): AsyncIterable<Uint8Array> | undefined
  /** Goes to the fetchers after it as JSON. */
  readonly found?: unknown
  readonly traffic?: () => Traffic
}

export interface Usage {
  /** Highest resident set so far, bytes. */
  readonly peakRss: number
  /** Of all threads, in seconds. */
  readonly cpu: number
}

export type Request = { readonly do: 'prepare', readonly job: Job } | { readonly do: 'fetch' | 'digest' | 'usage' | 'traffic' }

export interface Answer {
  readonly found?: unknown
  readonly seconds?: number
  /** SHA-256 in hex: of the result, or of what the seeder gives instead of the original. */
  readonly digest?: string | undefined
  readonly traffic?: Traffic | undefined
  readonly usage: Usage
  readonly error?: string
}

/** What a contender does at either end. */
export interface Ends {
  seed (job: Job): Promise<Seeding>
  fetch (job: Job): Promise<Fetching>
  /** CPU time of the processes that this one started, seconds. @default none were */
  cpu? (): number
}

/** Runs in a child process: answers each request with one message, and ends with its parent. */
export function work (ends: Ends): void {
  let fetching: Fetching | undefined
  let traffic: (() => Traffic) | undefined

  async function answer (request: Request): Promise<Partial<Answer>> {
    if (request.do === 'prepare' && request.job.role === 'seed') {
      const { found, digest, traffic: count } = await ends.seed(request.job)
      traffic = count
      return { found, digest }
    } else if (request.do === 'prepare') {
      fetching = await ends.fetch(request.job)
      traffic = fetching.traffic
      return { found: fetching.found }
    } else if (request.do === 'fetch' && fetching !== undefined) {
      const start = performance.now()
      await fetching.fetch()
      return { seconds: (performance.now() - start) / 1000 }
    } else if (request.do === 'digest') {
      const result = fetching?.result()
      return { digest: result === undefined ? undefined : await digestOf(result) }
    } else if (request.do === 'traffic') return { traffic: traffic?.() }
    return {}
  }

  process.on('message', (request: Request) => {
    answer(request).then(
      done => { process.send?.({ ...done, usage: usage(ends) } satisfies Answer) },
      (error: unknown) => {
        process.send?.({ error: String(error instanceof Error ? error.stack : error), usage: usage(ends) } satisfies Answer)
      }
    )
  })
  process.on('disconnect', () => { process.exit() })
  process.on('SIGTERM', () => { process.exit() })
  // a parent that is interrupted ends its workers itself, so that none of them reports a failure
  process.on('SIGINT', () => {})
}

function usage ({ cpu = () => 0 }: Ends): Usage {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  return { peakRss: maxRSS * 1024, cpu: (userCPUTime + systemCPUTime) / 1e6 + cpu() }
}

/** SHA-256 in hex. */
export async function digestOf (chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

export function readFileChunks (path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>
}
