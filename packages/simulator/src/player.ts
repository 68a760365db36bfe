import type { OpenSwarm } from '@shoal/engine'
import type { Origin } from '@shoal/interface'
import type { VirtualClock } from './clock.js'
import type { Piece } from './material.js'

/** As the hls.js adapter: a fragment is asked for this long before it has to be there, and at the least with so much time. */
const APPEND_MARGIN_MS = 500
const APPEND_MARGIN_SHARE = 0.25
const PROMPT_DEADLINE_MS = 1_000
/** A content that is not open by then: the beginning comes from the origin, past Shoal. */
const OPENING_PATIENCE_MS = 4_000
/** What failed is asked for again after this. */
const AGAIN_MS = 1_000

export interface PlayerInit {
  readonly clock: VirtualClock
  readonly open: OpenSwarm
  readonly origin: Origin | undefined
  /** ms of a segment. */
  readonly duration: number
  /** Segments that are played: a live stream's go on. */
  readonly end: number
  /** ms that it keeps ahead. */
  readonly ahead: number
  readonly pieces: readonly Piece[]
  /** The first segment to play, and where there is none yet, `undefined`. */
  readonly first: () => number | undefined
  /** The newest segment that is there, as far as this peer knows. */
  readonly newest: () => number
  /** Resolves when that may have changed. */
  readonly changed: () => Promise<void>
  /** It begins with this segment. */
  readonly begins: (index: number) => void
  /** A segment is here. */
  readonly came: (index: number) => void
  /** Bytes came past Shoal. */
  readonly passed: (bytes: number) => void
}

/**
 * Plays one segment after the other, each asked for with the time at which it has to be there. Where it comes too late the picture
 * stands still until it is there, and everything after it is due that much later.
 */
export class Player {
  readonly #init: PlayerInit
  readonly #abort = new AbortController()
  readonly #began: number
  /** ms on the clock at which the first segment began to play; `undefined` before. */
  startedAt: number | undefined
  stalls = 0
  /** ms of picture standing still, that of now not included. */
  stalledMs = 0
  /** Since when the picture stands still. */
  #due = Infinity
  played = 0

  constructor (init: PlayerInit) {
    this.#init = init
    this.#began = init.clock.now()
  }

  /** From the start to the first frame, ms. */
  get startup (): number | undefined {
    return this.startedAt === undefined ? undefined : this.startedAt - this.#began
  }

  /** ms since playback began, and of those how many the picture stood still. */
  watched (now: number): { ms: number, stalled: number } {
    if (this.startedAt === undefined) return { ms: 0, stalled: 0 }
    return { ms: now - this.startedAt, stalled: this.stalledMs + Math.max(0, now - this.#due) }
  }

  stop (): void {
    this.#abort.abort(new Error('the viewer left'))
  }

  async play (): Promise<void> {
    const { clock, changed, first, newest, duration, end, ahead, open, origin } = this.#init
    const { signal } = this.#abort
    const opened = open.manifest(signal).then(() => true, () => false)
    let ready = await Promise.race([opened, this.#pause(OPENING_PATIENCE_MS).then(() => false)])
    if (!ready && origin === undefined) ready = await opened
    let from = first()
    while (from === undefined && !signal.aborted) {
      await changed()
      from = first()
    }
    if (from !== undefined) this.#init.begins(from)
    for (let index = from ?? 0; index < end && !signal.aborted; index++) {
      while (newest() < index && !signal.aborted) await changed()
      if (this.startedAt !== undefined) {
        this.#due = this.startedAt + (index - (from ?? 0)) * duration + this.stalledMs
        const early = this.#due - clock.now() - ahead - duration
        if (early > 0) await this.#pause(early)
      }
      // asked past Shoal while it is not open
      ready ||= await Promise.race([opened, Promise.resolve(false)])
      if (!await this.#get(index, ready)) continue
      const now = clock.now()
      this.played++
      this.#init.came(index)
      if (this.startedAt === undefined) this.startedAt = now
      else if (now > this.#due) {
        this.stalls++
        this.stalledMs += now - this.#due
      }
      this.#due = Infinity
    }
  }

  /** Returns whether it came; a live segment that has left the window is passed over. */
  async #get (index: number, ready: boolean): Promise<boolean> {
    const { open, clock, duration, pieces, origin, passed } = this.#init
    const { signal } = this.#abort
    const { segment } = pieces[index] as Piece
    const margin = Math.min(APPEND_MARGIN_MS, APPEND_MARGIN_SHARE * duration)
    while (!signal.aborted) {
      const deadline = this.#due === Infinity
        ? Math.max(PROMPT_DEADLINE_MS, duration - margin)
        : Math.max(0, this.#due - clock.now() - margin)
      try {
        if (ready) await drink(open.read(segment, { deadline, signal }))
        else if (origin !== undefined) passed(await drink((await origin.fetch({ path: segment.path, signal })).body))
        return true
      } catch (error) {
        if ((error as { code?: string }).code === 'RETIRED' || (error as Error).name === 'RetiredError') return false
        if (!signal.aborted) await this.#pause(AGAIN_MS)
      }
    }
    return false
  }

  #pause (ms: number): Promise<void> {
    return new Promise(resolve => { this.#init.clock.at(this.#init.clock.now() + ms, resolve) })
  }
}

async function drink (source: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const chunk of source) bytes += chunk.byteLength
  return bytes
}
