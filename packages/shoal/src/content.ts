import { TypedEventEmitter } from 'main-event'
import type { Clock } from '@shoal/base'
import type { OpenedManifest } from '@shoal/content'
import type { OpenSwarm } from '@shoal/engine'
import {
  ConfigError, RetiredError, UnavailableError, type Content, type ContentEvents, type ContentStats, type Duty, type ManifestSummary,
  type OfferOptions, type Policy, type ReadOptions, type SaveOptions, type Segment
} from '@shoal/interface'
import type { Moves } from './live/moves.js'
import type { NodeStore, Platform } from './platform.js'

/** What is offered of a live content may be named by a head that is on its way. */
const OFFER_DEADLINE_MS = 10_000

/** What all handles of a content share. */
export interface SharedContent {
  readonly link: string
  readonly manifest: OpenedManifest
  /** Base URLs that its paths are served under. */
  readonly origins: readonly string[]
  readonly swarm: OpenSwarm
  readonly store: NodeStore
  readonly platform: Platform
  /** When a live content's window moves. */
  readonly moves: Moves
  readonly clock: Clock
}

/** An open content as one of those who opened it sees it. */
export class OpenContent extends TypedEventEmitter<ContentEvents> implements Content {
  readonly #shared: SharedContent
  readonly #onclose: (content: OpenContent) => void
  readonly #closed = new AbortController()

  constructor (shared: SharedContent, onclose: (content: OpenContent) => void) {
    super()
    this.#shared = shared
    this.#onclose = onclose
  }

  get link (): string {
    return this.#shared.link
  }

  get manifest (): OpenedManifest {
    return this.#shared.manifest
  }

  get swarm (): OpenSwarm {
    return this.#shared.swarm
  }

  get origins (): readonly string[] {
    return this.#shared.origins
  }

  get summary (): ManifestSummary {
    return this.manifest.summary
  }

  get policy (): Policy {
    return this.manifest.policy
  }

  get stats (): ContentStats {
    return this.swarm.stats
  }

  get movedAt (): number {
    return this.#shared.moves.at
  }

  get held (): number {
    return this.swarm.held
  }

  get duty (): Duty {
    return this.swarm.duty
  }

  get copies (): number | undefined {
    return this.swarm.copies
  }

  get closed (): boolean {
    return this.#closed.signal.aborted
  }

  segments (): AsyncIterable<Segment> {
    return this.manifest.segments(this.#closed.signal)
  }

  async stat (path: string, { signal, deadline }: Pick<ReadOptions, 'signal' | 'deadline'> = {}): Promise<Segment> {
    const segment = await this.#find(path, this.#until(signal), deadline)
    const purged = this.swarm.purging.fault(segment)
    if (purged !== undefined) throw purged
    return segment
  }

  async * read (path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { start = 0, end } = options
    if (!(start >= 0) || (end !== undefined && !(end >= start))) throw new ConfigError(`expected 0 ≤ start ≤ end, got ${start} and ${end}`)
    const signal = this.#until(options.signal)
    signal.throwIfAborted()
    const { clock } = this.#shared
    const since = clock.now()
    for (;;) {
      const segment = await this.#find(path, signal, options.deadline)
      const deadline = options.deadline === undefined ? undefined : Math.max(0, options.deadline - (clock.now() - since))
      let begun = false
      try {
        for await (const bytes of this.swarm.read(segment, { ...options, deadline, signal })) {
          begun = true
          yield bytes
        }
        return
      } catch (error) {
        // a newer version of the playlist has taken its place
        if (begun || !(error instanceof RetiredError) || segment.playlist !== true) throw error
      }
    }
  }

  async offer (path: string, bytes: Uint8Array, { start = 0, signal, took }: OfferOptions = {}): Promise<number> {
    if (!(start >= 0)) throw new ConfigError(`expected start ≥ 0, got ${start}`)
    if (took !== undefined && !(took.first >= 0 && took.last >= took.first)) {
      throw new ConfigError(`expected 0 ≤ took.first ≤ took.last, got ${took.first} and ${took.last}`)
    }
    // whoever reads at the same time goes by it
    if (took !== undefined) this.swarm.saw(bytes.byteLength, took)
    return await this.swarm.offer(await this.stat(path, { signal, deadline: OFFER_DEADLINE_MS }), start, bytes)
  }

  async fetchAll (options: SaveOptions = {}): Promise<void> {
    if (this.summary.live !== undefined) {
      throw new ConfigError(`${this.link} is live, which is never complete: save it, read what segments() names, or play it`)
    }
    const signal = this.#until(options.signal)
    signal.throwIfAborted()
    await this.swarm.complete(undefined, { ...options, signal })
  }

  async save (out: string, options: SaveOptions = {}): Promise<void> {
    const { platform, store, swarm } = this.#shared
    if (platform.sink === undefined) throw new ConfigError('save writes files and needs Node.js: use read or fetchAll in a browser')
    const signal = this.#until(options.signal)
    signal.throwIfAborted()
    if (this.summary.live !== undefined) {
      await platform.record?.(this, this.#shared, out, { ...options, signal })
      return
    }
    const sink = platform.sink(this.manifest, store, out)
    try {
      await sink.resume(signal)
      await swarm.complete(sink, { ...options, signal })
    } finally {
      await sink.close()
    }
  }

  close (): Promise<void> {
    this.end(new UnavailableError(`the content ${this.summary.cid} is closed`))
    return Promise.resolve()
  }

  /** Closes it for a reason that those learn who wait for something of it, or ask for more. */
  end (reason: Error): void {
    if (this.closed) return
    this.#closed.abort(reason)
    this.#onclose(this)
  }

  /** Of a live content also what a head on its way names, as long as the deadline has time for it. */
  async #find (path: string, signal: AbortSignal, deadline = 0): Promise<Segment> {
    const { live } = this.summary
    const find = async (): Promise<Segment> => await this.manifest.find(path, signal)
    if (live === undefined || live.ended) return await find()
    return await this.#shared.moves.find(find, deadline, live.target, signal)
  }

  /** Until the caller gives up or this handle is closed, whoever else has the content open. */
  #until (signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
  }
}
