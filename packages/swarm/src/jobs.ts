import {
  ASSUMED_ORIGIN_RATE_BPS, ASSUMED_ORIGIN_TTFB_MS, CROWD_MS, ORIGIN_RETRY_MAX_MS, ORIGIN_RETRY_MS, RUN_BLOCKS
} from './defaults.js'
import type { Board } from './board.js'
import { keyOf } from './key.js'
import type { Outbox } from './outbox.js'
import type { OriginLink, SwarmAction, SwarmComponents, SwarmInit } from './types.js'

type Reason = Extract<SwarmAction, { type: 'origin' }>['reason']

/** Why a block goes elsewhere. */
export type Displacement = Pick<Extract<SwarmAction, { type: 'fallback' }>, 'from' | 'reason'>

/** As much of the state as is needed here. */
interface Known {
  readonly mode: SwarmInit['mode']
  readonly parts: SwarmComponents
  readonly board: Board
  readonly outbox: Outbox
  readonly displaced: Map<number, Displacement>
  readonly now: number
  readonly turn: number
  wake (at: number): void
  replaced (key: number, segment: number, to: 'peer' | 'origin'): void
}

/** One HTTP request under way. */
interface Job {
  readonly segment: number
  readonly first: number
  readonly end: number
  readonly at: number
  /** ms it should take. */
  readonly expected: number
  readonly bytes: number
  /** The deadline leaves no time. */
  readonly pressing: boolean
  readonly blocks: number
  /** Blocks still to come, rising. Requests may overlap, where blocks were unwanted and wanted again, but each block is one request's. */
  readonly missing: Set<number>
}

/** The origin's side of the state: what it was asked for, whether it may be asked, and how long it would take. */
export class OriginJobs {
  readonly #state: Known
  #jobs: Job[] = []
  /** Segments whose bytes at the origin are not the manifest's. */
  readonly #mismatched = new Set<number>()
  #failures = 0
  #retryAt = 0
  #turn = -1
  #link: OriginLink | undefined

  constructor (state: Known) {
    this.#state = state
  }

  get count (): number {
    return this.#jobs.length
  }

  #read (): OriginLink | undefined {
    if (this.#turn !== this.#state.turn) {
      this.#turn = this.#state.turn
      this.#link = this.#state.mode === 'p2p' ? undefined : this.#state.parts.origin()
    }
    return this.#link
  }

  /** May give this segment, now or later. */
  possible (segment: number): boolean {
    return this.#read() !== undefined && !this.#mismatched.has(segment)
  }

  /** When the origin may be asked again, `now` or earlier when at once. */
  get readyAt (): number {
    return Math.max(this.#retryAt, this.#read()?.downUntil ?? 0)
  }

  usable (segment: number): boolean {
    return this.possible(segment) && this.readyAt <= this.#state.now
  }

  /** What is said of its speed is more than a guess. */
  get measured (): boolean {
    return this.#read()?.rate !== undefined
  }

  /** ms that `bytes` would take on an idle origin, and behind what it was asked for already. */
  duration (bytes: number): number {
    const link = this.#read()
    return (link?.ttfb ?? ASSUMED_ORIGIN_TTFB_MS) + bytes * 1000 / Math.max(1, link?.rate ?? ASSUMED_ORIGIN_RATE_BPS)
  }

  queued (bytes: number): number {
    return this.duration(this.#jobs.reduce((sum, job) => sum + job.bytes * job.missing.size / job.blocks, bytes))
  }

  /** Asks for a stretch; its missing blocks count as under way. */
  start (segment: number, first: number, end: number, reason: Reason, tell: boolean): void {
    const { board, parts, now, outbox } = this.#state
    const missing = new Set<number>()
    let bytes = 0
    for (let block = first; block < end; block++) {
      const slot = board.slot(segment, Math.floor(block / RUN_BLOCKS))
      const bit = block % RUN_BLOCKS
      if (slot < 0 || ((board.wanted[slot] as number) & ~(board.origin[slot] as number) & (1 << bit)) === 0) continue
      missing.add(block)
      bytes += parts.size(segment, block)
      board.origin[slot] = (board.origin[slot] as number) | (1 << bit)
      board.refresh(slot)
      this.#state.replaced(keyOf(slot, bit), segment, 'origin')
    }
    if (missing.size === 0) return
    this.#jobs.push({ segment, first, end, at: now, expected: this.queued(bytes), bytes, pressing: reason === 'deadline', blocks: missing.size, missing })
    outbox.origin({ type: 'origin', segment, first, end, reason }, tell)
  }

  /** A block that the origin was asked for came, from whomever, or is not wanted any more. */
  landed (segment: number, block: number, from: string | undefined): void {
    const job = this.#jobs.find(job => job.segment === segment && job.missing.delete(block))
    if (job === undefined) return
    // at its last block it ends by itself
    if (from === 'origin' && block === job.end - 1) return
    if (job.missing.size > 0 && !(job.pressing && from === 'origin' && this.#flying(job))) return
    this.#release(job)
    this.#jobs = this.#jobs.filter(other => other !== job)
    this.#state.outbox.cancelOrigin(job.segment, job.first, job.end)
  }

  done (segment: number, first: number, end: number, error: 'failed' | 'mismatch' | undefined): void {
    const job = this.#jobs.find(job => job.segment === segment && job.first === first && job.end === end)
    if (error === 'mismatch') this.#mismatched.add(segment)
    if (job === undefined) return
    if (error === 'failed') {
      this.#retryAt = this.#state.now + Math.min(ORIGIN_RETRY_MAX_MS, ORIGIN_RETRY_MS * 2 ** this.#failures++)
    } else if (job.missing.size === 0) this.#failures = 0
    else if (error === undefined) this.#retryAt = this.#state.now + ORIGIN_RETRY_MS
    // of a mismatch the driver tells, once for the segment
    this.#drop(job, error === 'mismatch' ? undefined : 'origin-failed')
  }

  /** The origin is not asked any more. */
  dismiss (): void {
    for (const job of [...this.#jobs]) {
      this.#state.outbox.cancelOrigin(job.segment, job.first, job.end)
      this.#drop(job, 'mode')
    }
  }

  forget (segment: number): void {
    this.#mismatched.delete(segment)
  }

  /** Blocks of a segment that are still to come. */
  pending (segment: number): number {
    return this.#jobs.reduce((sum, job) => job.segment === segment ? sum + job.missing.size : sum, 0)
  }

  /**
   * Blocks that are still to come of requests that take twice as long as they should, request by request, the last first; and of those
   * that were made in the last moment all but the first, with the ms that the origin will need at the pace it has shown.
   */
  * overdue (): Generator<{ slot: number, bit: number, eta: number }> {
    const { now } = this.#state
    for (const job of this.#jobs) {
      const late = job.at + 2 * job.expected
      const at = job.pressing ? Math.min(late, job.at + CROWD_MS) : late
      if (at > now) {
        this.#state.wake(at)
        continue
      }
      const missing = this.#missing(job)
      const pace = (now - job.at) / Math.max(1, job.blocks - missing.length)
      for (let i = missing.length - 1; i >= (late > now ? 1 : 0); i--) {
        yield { ...missing[i] as { slot: number, bit: number }, eta: late > now ? pace * i : Infinity }
      }
    }
  }

  #drop (job: Job, reason: Displacement['reason'] | undefined): void {
    const { displaced } = this.#state
    this.#jobs = this.#jobs.filter(other => other !== job)
    if (reason !== undefined) for (const { slot, bit } of this.#missing(job)) displaced.set(keyOf(slot, bit), { from: 'origin', reason })
    this.#release(job)
  }

  /** What is still to come of it is no more the origin's. */
  #release (job: Job): void {
    const { board } = this.#state
    for (const { slot, bit } of this.#missing(job)) {
      board.origin[slot] = (board.origin[slot] as number) & ~(1 << bit)
      board.refresh(slot)
    }
  }

  /** Peers that are quicker are at work on all that is left of it. */
  #flying (job: Job): boolean {
    return this.#missing(job).every(({ slot, bit }) => ((this.#state.board.flying[slot] as number) >>> bit & 1) === 1)
  }

  #missing (job: Job): { slot: number, bit: number }[] {
    const { board } = this.#state
    const found: { slot: number, bit: number }[] = []
    for (const block of job.missing) found.push({ slot: board.slot(job.segment, Math.floor(block / RUN_BLOCKS)), bit: block % RUN_BLOCKS })
    return found
  }
}
