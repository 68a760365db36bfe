import { raceSignal, type Clock } from '@shoal/base'
import type { Emit } from '@shoal/engine'
import {
  UnavailableError, type Content, type ContentEvents, type ContentStats, type ManifestSummary, type Mode, type OfferOptions,
  type Policy, type ReadOptions, type SaveOptions, type Segment
} from '@shoal/interface'
import { TypedEventEmitter, type EventHandler } from 'main-event'
import type { Host } from './crew.js'
import type { ServedContent } from './describe.js'
import { EventRelay } from './event-relay.js'
import { LeaderGoneError } from './failure.js'
import { RemoteContent } from './remote-content.js'

export interface TabContentInit {
  readonly link: string
  readonly origins: readonly string[] | undefined
  readonly mode: Mode | undefined
  readonly clock: Clock
  /** The node to ask now, or when there is one. @throws UnavailableError `ms` have passed before */
  readonly host: (signal: AbortSignal | undefined, ms?: number) => Promise<Host>
  /** What happens here, and not in the node. */
  readonly emit: Emit
  readonly onclose: (content: TabContent) => void
}

/** Of the time until something is needed this much may be spent on waiting for another leader. */
const WAIT_SHARE = 0.5

/** A content as one of this tab's callers has it open, whichever tab has the node. */
export class TabContent extends TypedEventEmitter<ContentEvents> implements Content {
  readonly #init: TabContentInit
  readonly #relay = new EventRelay(this)
  readonly #closed = new AbortController()
  #inner: ServedContent
  #at: { readonly host: Host, readonly content: Promise<ServedContent> }

  constructor (init: TabContentInit, host: Host, inner: ServedContent) {
    super()
    this.#init = init
    this.#inner = inner
    this.#at = { host, content: Promise.resolve(inner) }
    this.#relay.from(inner)
  }

  get link (): string {
    return this.#inner.link
  }

  get summary (): ManifestSummary {
    return this.#inner.summary
  }

  get policy (): Policy {
    return this.#inner.policy
  }

  get stats (): ContentStats {
    return this.#inner.stats
  }

  get origins (): readonly string[] {
    return this.#inner.origins ?? []
  }

  get movedAt (): number {
    return this.#inner.movedAt ?? 0
  }

  get closed (): boolean {
    return this.#closed.signal.aborted
  }

  /** There is another node: it is opened there as well. */
  moved (host: Host): void {
    this.#open(host).catch(() => {
      // whoever wants something of it hears why
    })
  }

  async * segments (): AsyncGenerator<Segment, void, undefined> {
    // from the start again when the leader goes, past what was given
    let given = 0
    for (;;) {
      const { host, content } = await this.#content(undefined)
      try {
        let n = 0
        for await (const segment of content.segments()) {
          if (n++ < given) continue
          given++
          yield segment
        }
        return
      } catch (error) {
        if (!this.#isGone(host, error)) throw error
      }
    }
  }

  async stat (path: string, options: Pick<ReadOptions, 'signal' | 'deadline'> = {}): Promise<Segment> {
    const left = this.#countdown(options.deadline)
    return await this.#do(options.signal, left, async content => await content.stat(path, { ...options, deadline: left() }))
  }

  async * read (path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = options
    const left = this.#countdown(options.deadline)
    let start = options.start ?? 0
    let begun = false
    for (;;) {
      const { host, content } = await this.#content(signal, left)
      try {
        for await (const bytes of content.read(path, { ...options, start, deadline: left() })) {
          begun = true
          start += bytes.byteLength
          yield bytes
        }
        return
      } catch (error) {
        if (signal?.aborted === true || !this.#isGone(host, error)) throw error
      }
      const vouched = content instanceof RemoteContent ? content.vouched(path) : undefined
      // of a playlist there may be a newer one, which begins otherwise
      if (begun && vouched?.segment.playlist === true) throw new UnavailableError(`the tab that has the node went away in the middle of ${path}: read it again`)
      if (vouched?.digests === undefined || this.origins.length === 0 || this.#init.mode === 'p2p') continue
      const end = Math.min(vouched.segment.size, options.end ?? Infinity)
      if (start >= end) return
      try {
        this.#emit('fallback', { content: this.link, path, from: 'peer', to: 'origin', reason: 'gone' })
        const { restFromOrigin } = await import('./rest.js')
        for await (const bytes of restFromOrigin(vouched, this, start, end, this.#init.clock, this.#until(signal))) {
          begun = true
          start += bytes.byteLength
          yield bytes
        }
        return
      } catch (error) {
        signal?.throwIfAborted()
        this.#closed.signal.throwIfAborted()
        this.#emit('error', { error: error as Error, doing: `fetching the rest of ${path} from the origin` })
      }
    }
  }

  async offer (path: string, bytes: Uint8Array, options: OfferOptions = {}): Promise<number> {
    return await this.#do(options.signal, undefined, async content => await content.offer(path, bytes, options))
  }

  async fetchAll (options: SaveOptions = {}): Promise<void> {
    await this.#do(options.signal, undefined, async content => { await content.fetchAll(options) })
  }

  async save (out: string, options: SaveOptions = {}): Promise<void> {
    await this.#do(options.signal, undefined, async content => { await content.save(out, options) })
  }

  async close (): Promise<void> {
    if (this.closed) return
    this.#closed.abort(new UnavailableError(`the content ${this.summary.cid} is closed`))
    this.#relay.from(undefined)
    this.#init.onclose(this)
    await this.#at.content.then(async content => { await content.close() }, () => {})
  }

  override addEventListener<K extends keyof ContentEvents> (
    type: K, listener: EventHandler<ContentEvents[K]> | null, options?: boolean | AddEventListenerOptions
  ): void {
    this.#relay.want(type)
    super.addEventListener(type, listener, options)
  }

  async #do<T> (
    signal: AbortSignal | undefined, left: (() => number | undefined) | undefined, work: (content: Content) => Promise<T>
  ): Promise<T> {
    for (;;) {
      const { host, content } = await this.#content(signal, left)
      try {
        return await work(content)
      } catch (error) {
        if (signal?.aborted === true || !this.#isGone(host, error)) throw error
      }
    }
  }

  /** As the node to ask has it. */
  async #content (signal: AbortSignal | undefined, left?: () => number | undefined): Promise<{ host: Host, content: ServedContent }> {
    for (;;) {
      const until = this.#until(signal)
      until.throwIfAborted()
      const ms = left?.()
      const host = await this.#init.host(until, ms === undefined ? undefined : ms * WAIT_SHARE)
      try {
        return { host, content: await raceSignal(this.#open(host), until) }
      } catch (error) {
        until.throwIfAborted()
        if (!this.#isGone(host, error)) throw error
      }
    }
  }

  async #open (host: Host): Promise<ServedContent> {
    if (this.#at.host === host) return await this.#at.content
    const { link, origins, mode } = this.#init
    const opening = host.node.open(link, { origins, mode, signal: this.#closed.signal }) as Promise<ServedContent>
    const at = this.#at = { host, content: opening }
    try {
      const content = await opening
      if (this.#at !== at) return content
      this.#inner = content
      this.#relay.from(content)
      return content
    } catch (error) {
      // it is tried again
      if (this.#at === at) this.#at = { host: NOWHERE, content: Promise.reject(error as Error) }
      this.#at.content.catch(() => {})
      throw error
    }
  }

  readonly #emit: Emit = (name, detail) => {
    this.dispatchEvent(new CustomEvent(name, { detail }))
    this.#init.emit(name, detail)
  }

  /** The node is not there any more, or does not answer: another may do it. */
  #isGone ({ gone }: Host, error: unknown): boolean {
    return !this.closed && (gone.aborted || error instanceof LeaderGoneError)
  }

  #until (signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
  }

  #countdown (deadline: number | undefined): () => number | undefined {
    const { clock } = this.#init
    const since = clock.now()
    return () => deadline === undefined ? undefined : Math.max(0, deadline - (clock.now() - since))
  }
}

const NOWHERE = { gone: AbortSignal.abort(), here: false } as unknown as Host
