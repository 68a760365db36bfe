/** The outer side of a bench: a seeder and a fetcher of one contender, each a process of its own, ended by their ids. */

import { fork, type ChildProcess } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Space } from '../../support/namespaces.ts'
import { HEAP_OPTIONS } from './heap.ts'
import { profileClock, type Profiled } from './profile.ts'
import { UsageError } from './usage.ts'
import type { Answer, Job, Request } from './worker.ts'

/** What runs against the others. */
export interface Contender {
  readonly name: string
  /** The program of both ends: calls `work`. */
  readonly script: string
  readonly options?: Readonly<Record<string, string>>
  /** It keeps nothing, so there is nothing to compare. */
  readonly keepsNothing?: boolean
}

/** Whose CPU profile is written into the working folder. */
const PROFILES = ['seed', 'fetch', 'both'] as const
export type Profile = typeof PROFILES[number]

/** The option `--profile` of a bench. */
export function readProfile (text: string | undefined): Profile | undefined {
  const found = PROFILES.find(known => known === text)
  if (text !== undefined && found === undefined) throw new UsageError(`--profile: expected seed, fetch or both, got ${JSON.stringify(text)}`)
  return found
}

/** Does this end write one? */
export function isProfiled (profile: Profile | undefined, role: Job['role']): boolean {
  return profile === 'both' || profile === role
}

export interface Run {
  /** Bytes per second. */
  readonly rate: number
  readonly seconds: number
  /** CPU time of both processes over the timed part, seconds. */
  readonly cpu: number
  /** Highest resident set of the larger of the two processes until the end of the timed part, bytes. */
  readonly peakRss: number
  /** What the seeder said of how it is found. */
  readonly found: unknown
  readonly profiles: readonly Profiled[]
}

export interface Source {
  readonly file: string
  readonly bytes: number
  /** SHA-256 in hex. */
  readonly digest: string
}

/**
 * Between transfers: for five seconds after many files were deleted ext4 goes through all of them for every file that is made, which falls
 * on whoever comes next and keeps a file per block.
 */
export const REST_MS = 6000

/** No end of a contender takes longer than this for one step, whatever its size. */
const STEP_MS = 10 * 60_000

const live = new Set<Worker>()
let profilesWritten = 0

/** Those named, by commas, of a bench's contenders; all when none is. @throws UsageError */
export function chooseContenders (all: readonly Contender[], only: string): readonly Contender[] {
  if (only === '') return all
  return only.split(',').map(name => {
    const found = all.find(contender => contender.name === name)
    if (found === undefined) throw new UsageError(`--only: there is no ${JSON.stringify(name)} among ${all.map(known => known.name).join(', ')}`)
    return found
  })
}

/** One end of one contender, a process of its own. */
export class Worker {
  readonly #child: ChildProcess
  readonly #title: string
  #stderr = ''
  /** Where its CPU profile is once it has ended. */
  readonly profile: string | undefined

  /**
   * @param profiled it writes a CPU profile into the working folder
   * @param space where it runs, if not here
   */
  constructor (script: string, role: Job['role'], profiled = false, space?: Space) {
    this.#title = `${basename(script)} ${role}`
    if (profiled) this.profile = `${basename(script, '.ts')}-${role}-${process.pid}-${++profilesWritten}.cpuprofile`
    const profiling = this.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-name=${this.profile}`]
    const flags = ['--disable-warning=ExperimentalWarning', ...HEAP_OPTIONS, ...profiling]
    const [execPath, ...execArgv] = space?.command(process.execPath, ...flags) ?? [process.execPath, ...flags]
    this.#child = fork(script, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execPath, execArgv })
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.#stderr = (this.#stderr + chunk.toString()).slice(-10_000) })
    live.add(this)
  }

  async ask (request: Request): Promise<Answer> {
    const child = this.#child
    const answer = await new Promise<Answer>((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer)
        child.off('message', onmessage).off('close', onclose).off('error', end)
        if (error !== undefined) reject(error)
      }
      const onmessage = (message: unknown): void => { end(); resolve(message as Answer) }
      const onclose = (code: number | null): void => { end(new Error(`${this.#title} ended with ${code} while asked to ${request.do}\n${this.#stderr}`)) }
      const timer = setTimeout(() => { end(new Error(`${this.#title} took over ${STEP_MS / 1000} s to ${request.do}\n${this.#stderr}`)) }, STEP_MS)
      child.on('message', onmessage).on('close', onclose).on('error', end)
      child.send(request, error => { if (error !== null) end(error) })
    })
    if (answer.error !== undefined) throw new Error(`${this.#title} failed to ${request.do}: ${answer.error}\n${this.#stderr}`)
    return answer
  }

  async end (): Promise<void> {
    const child = this.#child
    live.delete(this)
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise(resolve => { child.once('close', resolve) })
    // a profile is written on the way out
    child.kill(this.profile === undefined ? 'SIGKILL' : 'SIGTERM')
    await closed
  }
}

/** Ends whatever still runs. */
export async function endAll (): Promise<void> {
  await Promise.all([...live].map(worker => worker.end()))
}

/**
 * One transfer from a fresh seeder to a fresh fetcher.
 *
 * @throws Error when it failed, or when what came is not what was sent
 */
export async function transfer (contender: Contender, source: Source, folder: string, profile?: Profile): Promise<Run> {
  const { name, script, options = {}, keepsNothing = false } = contender
  const job = (role: Job['role']): Job => ({ role, file: source.file, bytes: source.bytes, folder: join(folder, role), options })
  await Promise.all([mkdir(job('seed').folder, { recursive: true }), mkdir(job('fetch').folder, { recursive: true })])
  const seeder = new Worker(script, 'seed', isProfiled(profile, 'seed'))
  const fetcher = new Worker(script, 'fetch', isProfiled(profile, 'fetch'))
  try {
    const { found, digest: expected = source.digest } = await seeder.ask({ do: 'prepare', job: job('seed') })
    const ready = await fetcher.ask({ do: 'prepare', job: { ...job('fetch'), found } })
    const before = (await seeder.ask({ do: 'usage' })).usage.cpu + ready.usage.cpu
    const from = profileClock()
    const { seconds, usage } = await fetcher.ask({ do: 'fetch' })
    const to = profileClock()
    const seeded = (await seeder.ask({ do: 'usage' })).usage
    if (seconds === undefined) throw new Error(`${name} did not run`)
    const { digest } = await fetcher.ask({ do: 'digest' })
    if (!keepsNothing && digest !== expected) throw new Error(`${name} fetched something else: SHA-256 ${digest}, expected ${expected}`)
    return {
      rate: source.bytes / seconds,
      seconds,
      cpu: usage.cpu + seeded.cpu - before,
      peakRss: Math.max(usage.peakRss, seeded.peakRss),
      found,
      profiles: profiledIn([seeder, fetcher], from, to)
    }
  } finally {
    await Promise.all([seeder.end(), fetcher.end()])
    await rm(folder, { recursive: true, force: true })
    await new Promise(resolve => { setTimeout(resolve, REST_MS) })
  }
}

/** Their profiles, which are there once they have ended. */
export function profiledIn (workers: readonly Worker[], from: number, to: number): Profiled[] {
  return workers.flatMap(({ profile }) => profile === undefined ? [] : [{ path: profile, from, to }])
}
