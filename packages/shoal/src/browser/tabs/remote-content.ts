import { BoundedMap, type Clock, type Question } from '@shoal/base'
import {
  ConfigError, UnavailableError, type Content, type ContentEvents, type ContentStats, type ManifestSummary, type OfferOptions, type Policy,
  type ReadOptions, type SaveOptions, type Segment
} from '@shoal/interface'
import { TypedEventEmitter, type EventHandler } from 'main-event'
import { fromFailure, LeaderGoneError } from './failure.js'
import { OFFER_BYTES_MAX, type Ask, type ContentInfo, type Told, type ToLeader, type Vouched } from './protocol.js'

/** Segments of which this tab remembers what their blocks hash to. */
const VOUCHED_MAX = 64
/** Blocks on their way from the leader. */
const AHEAD = 2

/** The tab that has the node, as far as a content asks it. */
export interface Leader {
  ask (ask: Ask, ahead?: number): Question<Told>
  answer (ask: Ask, signal?: AbortSignal, onpiece?: (value: unknown) => void): Promise<unknown>
  say (message: ToLeader): void
  look (): void
  closed (id: number): void
}

/** A content that the leader has open for this tab. */
export class RemoteContent extends TypedEventEmitter<ContentEvents> implements Content {
  readonly #node: Leader
  readonly #id: number
  readonly #clock: Clock
  readonly #vouched = new BoundedMap<string, Vouched>(VOUCHED_MAX)
  readonly #closed = new AbortController()
  #info: ContentInfo
  #movedAt = 0

  constructor (node: Leader, id: number, info: ContentInfo, clock: Clock) {
    super()
    this.#node = node
    this.#id = id
    this.#clock = clock
    this.#info = info
    this.learn(info)
  }

  get link (): string {
    return this.#info.link
  }

  get summary (): ManifestSummary {
    return this.#info.summary
  }

  get policy (): Policy {
    return this.#info.policy
  }

  get stats (): ContentStats {
    this.#node.look()
    return this.#info.stats
  }

  get origins (): readonly string[] {
    return this.#info.origins
  }

  get movedAt (): number {
    return this.#movedAt
  }

  /** What is known of a segment that was read here. */
  vouched (path: string): Vouched | undefined {
    return this.#vouched.get(path)
  }

  learn (info: ContentInfo): void {
    this.#info = info
    this.#movedAt = this.#clock.now() - info.movedAgo
  }

  async * segments (): AsyncGenerator<Segment, void, undefined> {
    for await (const batch of this.#pieces({ what: 'segments', content: this.#id })) yield * batch as Segment[]
  }

  async stat (path: string, { signal, deadline }: Pick<ReadOptions, 'signal' | 'deadline'> = {}): Promise<Segment> {
    return await this.#node.answer({ what: 'stat', content: this.#id, path, deadline }, this.#until(signal)) as Segment
  }

  async * read (path: string, { start, end, deadline, signal }: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const ask = { what: 'read' as const, content: this.#id, path, start, end, deadline }
    for await (const bytes of this.#pieces(ask, signal, head => { this.#vouched.set(path, head as Vouched) })) yield bytes as Uint8Array
  }

  async offer (path: string, bytes: Uint8Array, { start = 0, signal, took }: OfferOptions = {}): Promise<number> {
    let taken = 0
    for (let at = 0; at === 0 || at < bytes.byteLength; at += OFFER_BYTES_MAX) {
      const part = bytes.slice(at, at + OFFER_BYTES_MAX)
      // of a part alone it would say that the origin is slow
      const ask = { what: 'offer' as const, content: this.#id, path, bytes: part, start: start + at, took: part.byteLength === bytes.byteLength ? took : undefined }
      taken += await this.#node.answer(ask, this.#until(signal)) as number
    }
    return taken
  }

  async fetchAll ({ signal, onprogress }: SaveOptions = {}): Promise<void> {
    await this.#node.answer({ what: 'fetchAll', content: this.#id }, this.#until(signal), value => { onprogress?.(...value as [number, number]) })
  }

  async save (): Promise<void> {
    throw new ConfigError('save writes files and needs Node.js: use read or fetchAll in a browser')
  }

  async close (): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(new UnavailableError(`the content ${this.summary.cid} is closed`))
    this.#node.closed(this.#id)
  }

  override addEventListener<K extends keyof ContentEvents> (
    type: K, listener: EventHandler<ContentEvents[K]> | null, options?: boolean | AddEventListenerOptions
  ): void {
    if (this.listenerCount(type) === 0) this.#node.say({ type: 'listen', on: this.#id, name: type })
    super.addEventListener(type, listener, options)
  }

  async * #pieces (ask: Ask, given?: AbortSignal, onhead: (value: unknown) => void = () => {}): AsyncGenerator<unknown, void, undefined> {
    const signal = this.#until(given)
    signal.throwIfAborted()
    const question = this.#node.ask(ask, AHEAD)
    signal.addEventListener('abort', question.cancel)
    try {
      const head = await question.answer
      if (head?.type !== 'head') throw failureOf(head, signal)
      onhead(head.value)
      for (;;) {
        const told = await question.next()
        if (told?.type === 'end') return
        if (told?.type !== 'piece') throw failureOf(told, signal)
        yield told.value
      }
    } finally {
      question.cancel()
      signal.removeEventListener('abort', question.cancel)
    }
  }

  #until (signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
  }
}

/** Why something did not come to its end. */
export function failureOf (told: Told | undefined, signal: AbortSignal | undefined): Error {
  signal?.throwIfAborted()
  return told?.type === 'broken' ? fromFailure(told.failure) : new LeaderGoneError('the tab that has the node does not answer')
}
