import { TypedEventEmitter } from 'main-event'
import type { OpenedManifest } from '@shoal/content'
import type { OpenSwarm } from '@shoal/engine'
import {
  ConfigError, UnavailableError, type Content, type ContentEvents, type ContentStats, type Duty, type ManifestSummary, type ReadOptions,
  type SaveOptions, type Segment
} from '@shoal/interface'
import type { NodeStore, Platform } from './platform.js'

/** What all handles of a content share. */
export interface SharedContent {
  readonly link: string
  readonly manifest: OpenedManifest
  /** Base URLs that its paths are served under. */
  readonly origins: readonly string[]
  readonly swarm: OpenSwarm
  readonly store: NodeStore
  readonly platform: Platform
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

  get origins (): readonly string[] {
    return this.#shared.origins
  }

  get summary (): ManifestSummary {
    return this.manifest.summary
  }

  get stats (): ContentStats {
    return this.#shared.swarm.stats
  }

  get held (): number {
    return this.#shared.swarm.held
  }

  get duty (): Duty {
    return this.#shared.swarm.duty
  }

  get copies (): number | undefined {
    return this.#shared.swarm.copies
  }

  get closed (): boolean {
    return this.#closed.signal.aborted
  }

  segments (): AsyncIterable<Segment> {
    return this.manifest.segments(this.#closed.signal)
  }

  async stat (path: string, { signal }: Pick<ReadOptions, 'signal'> = {}): Promise<Segment> {
    return await this.manifest.find(path, this.#until(signal))
  }

  async * read (path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { start = 0, end } = options
    if (!(start >= 0) || (end !== undefined && !(end >= start))) throw new ConfigError(`expected 0 ≤ start ≤ end, got ${start} and ${end}`)
    const signal = this.#until(options.signal)
    signal.throwIfAborted()
    const segment = await this.manifest.find(path, signal)
    yield * this.#shared.swarm.read(segment, { ...options, signal })
  }

  async fetchAll (options: SaveOptions = {}): Promise<void> {
    const signal = this.#until(options.signal)
    signal.throwIfAborted()
    await this.#shared.swarm.complete(undefined, { ...options, signal })
  }

  async save (out: string, options: SaveOptions = {}): Promise<void> {
    const { platform, store, swarm } = this.#shared
    if (platform.sink === undefined) throw new ConfigError('save writes files and needs Node.js: use read or fetchAll in a browser')
    const signal = this.#until(options.signal)
    signal.throwIfAborted()
    const sink = platform.sink(this.manifest, store, out)
    try {
      await sink.resume(signal)
      await swarm.complete(sink, { ...options, signal })
    } finally {
      await sink.close()
    }
  }

  close (): Promise<void> {
    if (!this.closed) {
      this.#closed.abort(new UnavailableError(`the content ${this.summary.cid} is closed`))
      this.#onclose(this)
    }
    return Promise.resolve()
  }

  /** Until the caller gives up or this handle is closed, whoever else has the content open. */
  #until (signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
  }
}
