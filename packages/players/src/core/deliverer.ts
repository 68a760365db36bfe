import { systemClock, type Clock } from '@shoal/base'
import { Playhead, type Place, type Timing } from './deadline.js'
import { FIRST_FRAME_MS, FIRST_FRAME_POLL_MS, ORIGIN_RESERVE_MIN_MS, ORIGIN_RESERVE_MS, ORIGIN_RESERVE_TIMES } from './defaults.js'
import { asError, reasonOf } from './failure.js'
import { Pace, type Times } from './pace.js'
import { readContent } from './read.js'
import { ContentSource, withQuery, type NodeSource } from './source.js'
import type { Content, OriginTimes, SourceKind } from '@shoal/interface'
import type { Intake, Sink } from './intake.js'
import type { FallbackReason, PlayerOptions, RequestType } from './types.js'

/** One request of a player, in the words that all of them share. */
export interface Ask extends Timing {
  readonly url: string
  readonly type: RequestType
  /** What a player can begin to show: no init segment, index or playlist. */
  readonly media: boolean
  /** Path in the content; `undefined`: the URL is none of it. */
  readonly path: string | undefined
  /** First byte. */
  readonly start: number
  /** Byte after the last; `undefined`: to the end. */
  readonly end: number | undefined
  /** Seconds of media, 0 when it is none. */
  readonly duration: number
  /** How long Shoal may stay silent when the origin is gone, in milliseconds. */
  readonly lastMs: number
}

/** HTTP status of what Shoal gives. */
export function statusOf ({ start, end }: Ask): 200 | 206 {
  return start === 0 && end === undefined ? 200 : 206
}

/** The player's own way to the origin: bytes from `ask.start + skip` on go to `sink`. */
export type Origin<A> = (skip: number, sink: Sink, signal: AbortSignal) => Promise<A>

export type Delivered<A> = {
  /** Where most of the bytes came from. */
  readonly kind: SourceKind
} & ({ readonly via: 'shoal' } | { readonly via: 'origin', readonly answer: A, readonly took: OriginTimes | undefined })

/** What the requests of one player share: the content, what was learnt of the origin's speed, and whom to tell. */
export class Deliverer {
  readonly source: ContentSource
  readonly clock: Clock
  readonly options: PlayerOptions
  readonly #pace = new Pace()
  readonly #playhead: Playhead
  /** How long the origin took for a fragment last, in milliseconds. */
  #originMs: number | undefined
  #awaiting = false

  constructor (shoal: NodeSource, options: PlayerOptions) {
    this.clock = options.clock ?? systemClock
    this.options = options
    this.source = new ContentSource(shoal, options, this.clock)
    this.#playhead = new Playhead(options.media)
  }

  /** How soon a segment is needed. `place`: `undefined` for init segments and whatever else has none. */
  timing (place: Place | undefined): Timing {
    return this.#playhead.timing(place)
  }

  /**
   * One try. Fragments and files come through Shoal where the content is open or opens in time, and from the origin where it is not or
   * fails. Playlists, of which the origin's may be newer, come from there, and through Shoal when it fails.
   *
   * @throws what the origin threw last, as the player knows it
   */
  async once<A> (ask: Ask, intake: Intake, origin: Origin<A>, signal: AbortSignal): Promise<Delivered<A>> {
    const { url, path } = ask
    const since = this.clock.now()
    const content = path === undefined ? undefined : await this.#contentFor(ask)
    signal.throwIfAborted()
    if (ask.type !== 'playlist' && content !== undefined && path !== undefined) {
      try {
        return await this.#throughShoal(content, { ...ask, deadline: this.#left(ask, since) }, path, intake, signal)
      } catch (error) {
        signal.throwIfAborted()
        this.#fallBack(url, path, 'shoal', reasonOf(error), error)
      }
    }
    try {
      intake.begin()
      const asked = this.clock.now()
      const { handed } = intake
      const answer = await origin(handed, intake.add, signal)
      const last = this.clock.now() - asked
      if (ask.media) this.#originMs = last
      // in one piece it comes from a player that waited for all of it; of what was handed on already others get the rest alone
      const first = intake.pieces > 1 && intake.handed === handed ? intake.first : undefined
      return { kind: 'origin', via: 'origin', answer, took: first === undefined ? undefined : { first: first - asked, last } }
    } catch (error) {
      if (signal.aborted || path === undefined) throw error
      this.source.begun()
      // the origin is gone: worth waiting for a content that is still being opened, or for slow peers
      const last = await this.source.within(ask.lastMs)
      if (last === undefined || signal.aborted) throw error
      this.#fallBack(url, path, 'origin', 'origin-failed', error)
      try {
        return await this.#throughShoal(last, { ...ask, deadline: this.#left(ask, since) }, path, intake, signal, ask.lastMs)
      } catch {
        throw error
      }
    }
  }

  /**
   * A delivery is complete, and what of it the player does not have yet still in `intake`: tells those who want to know, and returns the
   * times that the player should see.
   */
  settle (ask: Ask, from: Delivered<unknown>, intake: Intake, times: Times): Times {
    const ms = times.end - times.start
    const { url, path, type, duration } = ask
    const bytes = intake.loaded
    this.options.onrequest?.({ url, path, type, via: from.via, bytes, ms })
    if (ask.media) void this.#begun()
    if (from.via === 'origin' && path !== undefined) {
      // small, and always asked of the origin: those who come when it is gone need it, too
      if (type === 'playlist') void this.source.keep(path, url)
      else if (bytes <= (ask.end ?? Infinity) - ask.start) this.source.share(path, url, intake, ask.start + intake.handed, from.took)
    }
    return type === 'fragment' ? this.#pace.report({ ...times, bytes, duration, onTime: ms <= ask.deadline, source: from.kind }) : times
  }

  /**
   * The content if it is open, or opens in time: as long as the origin would still be in time after it. A guessed deadline is no reason
   * to wait.
   */
  async #contentFor ({ type, patient, deadline, duration }: Ask): Promise<Content | undefined> {
    const { source } = this
    if (type === 'playlist' || source.content !== undefined || !patient) { void source.open(); return source.content }
    const careful = Math.max(ORIGIN_RESERVE_MS, duration * 500)
    const quick = Math.max(ORIGIN_RESERVE_MIN_MS, ORIGIN_RESERVE_TIMES * (this.#originMs ?? Infinity))
    return await source.within(deadline - Math.min(careful, quick))
  }

  /** What starts behind the first frame starts when that can be shown, or will not be for a while. */
  async #begun (): Promise<void> {
    if (this.#awaiting) return
    this.#awaiting = true
    this.source.soon()
    const { clock } = this
    const until = clock.now() + FIRST_FRAME_MS
    while (clock.now() < until && !this.#playhead.shows) {
      await new Promise<void>(resolve => { clock.after(FIRST_FRAME_POLL_MS, resolve) })
    }
    this.source.begun()
  }

  /** ms until it is needed: some may have gone by while the content was waited for. */
  #left ({ deadline }: Ask, since: number): number {
    return Math.max(0, deadline - (this.clock.now() - since))
  }

  async #throughShoal (
    content: Content, ask: Ask, path: string, intake: Intake, signal: AbortSignal, patience?: number
  ): Promise<{ kind: SourceKind, via: 'shoal' }> {
    intake.begin()
    const start = ask.start + intake.handed
    const { deadline, end } = ask
    const range = { start: start === 0 ? undefined : start, end }
    const located = withQuery(path, ask.url, content)
    const kind = await readContent({ content, path: located, ...range, deadline, patience, clock: this.clock, signal }, intake.add)
    return { kind, via: 'shoal' }
  }

  #fallBack (url: string, path: string, from: 'shoal' | 'origin', reason: FallbackReason, error: unknown): void {
    this.options.onfallback?.({ url, path, from, to: from === 'shoal' ? 'origin' : 'shoal', reason, error: asError(error) })
  }
}
