import type { BlockRange } from '@shoal/content'
import { UnavailableError, type ReadOptions, type Segment, type VerifiedBlock } from '@shoal/interface'
import { PRESSED_MS, PRESSED_SHARE, READ_AHEAD_BLOCKS, READ_STEP_BLOCKS, STARVE_BULK_MS, STARVE_URGENT_MS } from './defaults.js'
import { SourceTally, type Source } from './stats.js'

/** What a reader needs of its swarm. */
export interface ReaderHost {
  now (): number
  want (segment: number, first: number, end: number, deadline: number | undefined): number
  unwant (id: number): void
  held (segment: number, block: number): boolean
  /** A block that is held; `undefined` when it turned out not to be, it is wanted again then. */
  load (segment: number, block: number): Promise<VerifiedBlock | undefined>
  finished (reader: Reader): void
}

/** Reads one segment, or a range of it, in order: keeps a bounded number of blocks coming and holds those that come early. */
export class Reader {
  readonly segment: Segment
  readonly tally = new SourceTally()
  /** Bytes given out so far. */
  bytes = 0
  readonly #host: ReaderHost
  readonly #range: BlockRange
  readonly #options: ReadOptions
  readonly #started: number
  /** When its bytes are needed, on the clock; `undefined` for bulk. */
  readonly deadline: number | undefined
  readonly #early = new Map<number, { block: VerifiedBlock, source: Source }>()
  readonly #wants: { id: number, end: number }[] = []
  #next: number
  #wantedTo: number
  #waiting: PromiseWithResolvers<void> | undefined
  #waitingSince = 0
  #failure: Error | undefined

  constructor (host: ReaderHost, segment: Segment, range: BlockRange, options: ReadOptions) {
    this.#host = host
    this.segment = segment
    this.#range = range
    this.#options = options
    this.#started = host.now()
    this.deadline = options.deadline === undefined ? undefined : this.#started + options.deadline
    this.#next = this.#wantedTo = range.first
  }

  get ms (): number {
    return this.#host.now() - this.#started
  }

  /** A block of this segment came in. */
  offer (index: number, block: VerifiedBlock, source: Source): void {
    if (index < this.#next || index >= this.#wantedTo || this.#early.has(index)) return
    this.#early.set(index, { block, source })
    if (index === this.#next) this.#waiting?.resolve()
  }

  /** It waits for a block that it needs now. */
  get pressed (): boolean {
    if (this.#waiting === undefined || this.deadline === undefined) return false
    const due = Math.min(PRESSED_MS, PRESSED_SHARE * (this.deadline - this.#started))
    return this.deadline - this.#host.now() < due
  }

  /** In hand, not given out yet. */
  has (index: number): boolean {
    return this.#early.has(index)
  }

  /** Asked for, neither given out nor in hand. */
  lacks (index: number): boolean {
    return index >= this.#next && index < this.#wantedTo && !this.#early.has(index)
  }

  fail (error: Error): void {
    this.#failure ??= error
    this.#waiting?.reject(error)
  }

  /**
   * How long nothing could give the next block; ends the read when that is too long.
   *
   * @param failure of the origin, when peers give nothing of this segment: asked again and again it is no better than none
   */
  starve (since: number | undefined, failure?: Error): void {
    const starves = this.#waiting !== undefined && (since !== undefined || failure !== undefined)
    const starving = starves ? Math.max(failure === undefined ? since ?? 0 : 0, this.#waitingSince) : undefined
    const patience = this.deadline === undefined ? STARVE_BULK_MS : STARVE_URGENT_MS
    if (starving !== undefined && this.#host.now() - starving > patience) {
      const why = failure?.message ?? 'no origin answers'
      this.fail(new UnavailableError(
        `no source gave block ${this.#next} of ${JSON.stringify(this.segment.path)} for ${patience / 1000} s: no connected peer has it; ${why}`,
        { cause: failure }))
    }
  }

  async * read (): AsyncGenerator<Uint8Array, void, undefined> {
    const { first, end, cutStart, cutEnd } = this.#range
    try {
      while (this.#next < end) {
        this.#options.signal?.throwIfAborted()
        this.#ask()
        const index = this.#next
        const { block, source } = await this.#take()
        this.#next++
        this.#release()
        const bytes = block.bytes.subarray(index === first ? cutStart : 0, index === end - 1 ? cutEnd : undefined)
        this.bytes += bytes.byteLength
        this.tally.add(source, bytes.byteLength)
        yield bytes
      }
    } finally {
      for (const want of this.#wants) this.#host.unwant(want.id)
      this.#early.clear()
      this.#host.finished(this)
    }
  }

  #ask (): void {
    while (this.#wantedTo < this.#range.end && this.#wantedTo < this.#next + READ_AHEAD_BLOCKS) {
      const end = Math.min(this.#range.end, this.#wantedTo + READ_STEP_BLOCKS)
      const first = this.#wantedTo
      this.#wantedTo = end
      this.#wants.push({ id: this.#host.want(this.segment.index, first, end, this.deadline), end })
    }
  }

  #release (): void {
    while (this.#wants[0] !== undefined && this.#wants[0].end <= this.#next) this.#host.unwant((this.#wants.shift() as { id: number }).id)
  }

  async #take (): Promise<{ block: VerifiedBlock, source: Source }> {
    const signal = this.#options.signal
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const early = this.#early.get(this.#next)
      if (early !== undefined) {
        this.#early.delete(this.#next)
        return early
      }
      if (this.#host.held(this.segment.index, this.#next)) {
        const block = await this.#host.load(this.segment.index, this.#next)
        if (block !== undefined) return { block, source: { kind: 'store' } }
        continue
      }
      const waiting = this.#waiting = Promise.withResolvers<void>()
      this.#waitingSince = this.#host.now()
      const abort = (): void => { waiting.reject(signal?.reason as Error) }
      signal?.addEventListener('abort', abort, { once: true })
      try {
        if (signal?.aborted === true) abort()
        await waiting.promise
      } finally {
        signal?.removeEventListener('abort', abort)
        this.#waiting = undefined
      }
    }
  }
}
