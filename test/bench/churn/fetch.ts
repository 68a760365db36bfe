import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker, type Source } from '../support/contender.ts'
import type { Host } from '../support/lan.ts'

const SCRIPT = fileURLToPath(new URL('../pair/shoal.ts', import.meta.url))

const CHUNK_BYTES = 4 * 1024 * 1024

export interface Outcome {
  /** `killed` before it was complete; `failed` by itself. */
  readonly end: 'completed' | 'killed' | 'failed'
  /** From the start of the process. */
  readonly seconds: number
  /** Of the file that it wrote, those that are not the content's. */
  readonly badBytes: number
  /** What went wrong. */
  readonly error?: string
}

/** One fetcher in a fresh process with an empty folder, which saves the content into a file and then stays to serve. */
export class Fetch {
  readonly outcome: Promise<Outcome>
  readonly #worker: Worker
  readonly #source: Source
  readonly #folder: string
  readonly #began = performance.now()
  #killed = false

  /** @param link of the content */
  constructor (host: Host, link: unknown, source: Source, folder: string) {
    this.#worker = new Worker(SCRIPT, 'fetch', false, host.space)
    this.#source = source
    this.#folder = folder
    this.outcome = this.#run(host, link)
  }

  /** SIGKILL: it can say nothing to anybody. What it had on disk goes with it. */
  async kill (): Promise<void> {
    this.#killed = true
    await this.#worker.end()
    await this.outcome
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #run (host: Host, link: unknown): Promise<Outcome> {
    const { file, bytes } = this.#source
    try {
      await mkdir(this.#folder, { recursive: true })
      const options = { into: 'file' }
      await this.#worker.ask({ do: 'prepare', job: { role: 'fetch', file, bytes, folder: this.#folder, options, host: host.address, found: link } })
      await this.#worker.ask({ do: 'fetch' })
    } catch (error) {
      return { end: this.#killed ? 'killed' : 'failed', seconds: this.#seconds, badBytes: 0, error: String(error) }
    }
    const seconds = this.#seconds
    return { end: 'completed', seconds, badBytes: await badBytes(join(this.#folder, 'out.bin'), file) }
  }

  get #seconds (): number {
    return (performance.now() - this.#began) / 1000
  }
}

/** Bytes at which a file differs from the original, those that it lacks or has beyond included. */
async function badBytes (path: string, original: string): Promise<number> {
  const [copy, source] = await Promise.all([open(path), open(original)])
  const [came, wanted] = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)]
  let bad = 0
  try {
    for (;;) {
      const [{ bytesRead: a }, { bytesRead: b }] = await Promise.all([copy.read(came, 0, CHUNK_BYTES), source.read(wanted, 0, CHUNK_BYTES)])
      if (a === 0 && b === 0) return bad
      const least = Math.min(a, b)
      bad += Math.max(a, b) - least
      if (came.compare(wanted, 0, least, 0, least) === 0) continue
      for (let i = 0; i < least; i++) if (came[i] !== wanted[i]) bad++
    }
  } finally {
    await Promise.all([copy.close(), source.close()])
  }
}
