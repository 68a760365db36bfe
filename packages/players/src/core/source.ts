import { significantQuery, type Clock } from '@shoal/base'
import { OPENING_PATIENCE_MS, REOPEN_AFTER_MS, SHARED_MAX_BYTES } from './defaults.js'
import { asError } from './failure.js'
import type { Content, OfferOptions, OriginTimes, Shoal } from '@shoal/interface'
import type { Intake } from './intake.js'
import type { PlayerOptions } from './types.js'

/** A node, now or later; a function is not called before the player has its first fragment. */
export type NodeSource = Shoal | Promise<Shoal> | (() => Shoal | Promise<Shoal> | undefined) | undefined

/** Finds out when the content is open, and which URLs are its own. */
export class ContentSource {
  /** The content once it is open. */
  content: Content | undefined
  readonly #shoal: NodeSource
  readonly #options: PlayerOptions
  readonly #clock: Clock
  #base: string | undefined
  #opening: Promise<Content | undefined> | undefined
  #retryAt = 0
  #waitUntil = 0
  #node: Shoal | Promise<Shoal> | undefined
  /** The player has its first fragment, or cannot get it from the origin. */
  #begun = false
  #soon = false
  readonly #beginning = Promise.withResolvers<void>()
  readonly #kept = new Set<string>()
  /** Bytes that wait for the content to open. */
  #sharing = 0

  constructor (shoal: NodeSource, options: PlayerOptions, clock: Clock) {
    this.#shoal = shoal
    this.#options = options
    this.#clock = clock
    this.#base = options.base === undefined ? undefined : bare(options.base)
    if (typeof shoal !== 'function') this.#beginning.resolve()
    void this.open()
  }

  /**
   * The path in the content, without a query, or undefined for a URL that is not its own. The first playlist settles the base where none
   * was given.
   */
  pathOf (url: string, playlist: boolean): string | undefined {
    const plain = bare(url)
    if (this.#base === undefined && playlist) this.#base = plain.slice(0, plain.lastIndexOf('/') + 1)
    if (this.#base === undefined || !plain.startsWith(this.#base)) return undefined
    try {
      return decodeURIComponent(plain.slice(this.#base.length)).replace(/^\/+/, '')
    } catch {
      return undefined
    }
  }

  /** Resolves with the content, or with undefined when there is no node yet or it failed (`onfallback` has been told). */
  open (): Promise<Content | undefined> {
    if (this.#opening !== undefined) return this.#opening
    const { content, link } = this.#options
    if (this.#clock.now() < this.#retryAt) return Promise.resolve(undefined)
    const node = this.#node ??= typeof this.#shoal !== 'function' ? this.#shoal : this.#begun ? this.#shoal() : undefined
    if (content === undefined && node === undefined) return Promise.resolve(undefined)
    let started = false
    const opened = content ?? Promise.resolve(node as Shoal).then(async shoal => {
      started = true
      return await shoal.open(link as string)
    })
    this.#waitUntil = this.#clock.now() + OPENING_PATIENCE_MS
    this.#opening = Promise.resolve(opened).then(
      content => { this.content = content; return content },
      (error: unknown) => {
        this.#opening = undefined
        if (!started) this.#node = undefined
        this.#retryAt = this.#clock.now() + REOPEN_AFTER_MS
        this.#options.onfallback?.({
          url: link ?? '', path: undefined, from: 'shoal', to: 'origin', reason: 'no-content', error: asError(error)
        })
        return undefined
      })
    return this.#opening
  }

  /** The player has a fragment, and `begun` follows: what only fills the buffer may wait for that. */
  soon (): void {
    this.#soon = true
  }

  /** The player has a fragment: what would have competed with the first one may start. */
  begun (): void {
    if (this.#begun) return
    this.#begun = true
    this.#beginning.resolve()
    void this.open()
  }

  /**
   * The player got a small file past Shoal: fetch it into the store too when the content is open, so that others can have it from here when
   * the origin is gone. Once per path; without a deadline, so in the order that serves the swarm. Not of live contents.
   */
  async keep (path: string, url: string): Promise<void> {
    if (this.#kept.has(path)) return
    this.#kept.add(path)
    await this.#beginning.promise
    const content = await this.open()
    if (content === undefined) { this.#kept.delete(path); return }
    // of what is live each version comes by itself; to read one after the other, each gone before it is here, would have no end
    if (content.summary.live !== undefined) return
    try {
      const reading = content.read(withQuery(path, url, content))[Symbol.asyncIterator]()
      while ((await reading.next()).done !== true);
    } catch {
      // the player has it: nothing is lost but a copy for others
    }
  }

  /**
   * The player got a fragment past Shoal: others can have it from here once the content is open. What waits in `intake` is copied, for the
   * player may give its own away; it lies from `start` of the file on. What comes while too much waits is left out. `took`: what the origin
   * took for it.
   */
  share (path: string, url: string, intake: Intake, start: number, took?: OriginTimes): void {
    if (intake.length === 0 || this.#sharing + intake.length > SHARED_MAX_BYTES) return
    const bytes = intake.copy()
    this.#sharing += bytes.length
    void this.#offer(path, url, bytes, { start, took }).finally(() => { this.#sharing -= bytes.length })
  }

  async #offer (path: string, url: string, bytes: Uint8Array, options: OfferOptions): Promise<void> {
    await this.#beginning.promise
    const content = await this.open()
    try {
      await content?.offer(withQuery(path, url, content), bytes, options)
    } catch {
      // as with `keep`
    }
  }

  /** The content if it is open, or opens within `ms`. */
  async within (ms: number): Promise<Content | undefined> {
    const waiting = this.#soon && !this.#begun
    const opening = waiting ? this.#beginning.promise.then(async () => await this.open()) : this.open()
    const limit = waiting ? ms : Math.min(ms, this.#waitUntil - this.#clock.now())
    if (this.content !== undefined || limit <= 0) return this.content
    let cancel = (): void => {}
    const late = new Promise<undefined>(resolve => { cancel = this.#clock.after(limit, () => { resolve(undefined) }) })
    try {
      return await Promise.race([opening, late])
    } finally {
      cancel()
    }
  }
}

/** With what of the URL's query the manifest says is significant. */
export function withQuery (path: string, url: string, { policy: { significantQuery: names = [] } }: Content): string {
  return path + significantQuery(url, names)
}

/** Absolute, as players and pages mean it, without query and fragment. */
function bare (url: string): string {
  const page = (globalThis.location as Location | undefined)?.href
  return (URL.canParse(url, page) ? new URL(url, page).href : url).replace(/[?#].*$/s, '')
}
