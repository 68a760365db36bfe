import { raceSignal, systemClock } from '@shoal/base'
import {
  UnavailableError, type Collected, type LedgerEntry, type ManifestSummary, type NodeStatus, type OpenOptions, type Published,
  type PublishOptions, type PurgeOptions, type PurgeResult, type SaveOptions, type Sharing, type Shoal, type ShoalEvents, type ShoalOptions,
  type Size, type UploadOptions
} from '@shoal/interface'
import { TypedEventEmitter, type EventHandler } from 'main-event'
import { emitter } from '../../events.js'
import { shoalFetch, type FetchInit } from '../../http.js'
import { checkSharing, uploadLimits } from '../../wishes.js'
import { Crew, type CrewInit, type Host, type TabWorld } from './crew.js'
import type { ServedContent } from './describe.js'
import { EventRelay } from './event-relay.js'
import { LeaderGoneError } from './failure.js'
import { TabContent } from './tab-content.js'

/** Shoal in a tab: the node is here or in another tab of the group, and moves when that one goes. */
export class TabShoal extends TypedEventEmitter<ShoalEvents> implements Shoal {
  readonly #crew: Crew
  readonly #world: TabWorld
  readonly #options: ShoalOptions
  readonly #relay = new EventRelay(this)
  readonly #contents = new Set<TabContent>()
  readonly #stopped = new AbortController()
  #host: Host | undefined
  /** The last there was. */
  #last: Host | undefined
  #next = Promise.withResolvers<Host>()
  #stopping: Promise<void> | undefined

  private constructor (init: Pick<CrewInit, 'world' | 'options' | 'startNode'>) {
    super()
    this.#world = init.world
    this.#options = init.options
    this.#crew = new Crew({
      ...init,
      onhost: host => { this.#use(host) },
      onerror: (error, doing) => { this.dispatchEvent(new CustomEvent('error', { detail: { error, doing } })) }
    })
  }

  /** @throws what a node in this tab throws as it starts */
  static async start (init: Pick<CrewInit, 'world' | 'options' | 'startNode'>): Promise<TabShoal> {
    const shoal = new TabShoal(init)
    try {
      await shoal.#crew.start()
      return shoal
    } catch (error) {
      await shoal.stop()
      throw error
    }
  }

  /** The node is in this tab. */
  get here (): boolean {
    return this.#host?.here === true
  }

  get peerId (): string {
    return this.#node.peerId
  }

  get addrs (): readonly string[] {
    return this.#node.addrs
  }

  /** Those that this tab has open. */
  get contents (): readonly TabContent[] {
    return [...this.#contents]
  }

  get status (): NodeStatus {
    return this.#node.status
  }

  get ledger (): readonly LedgerEntry[] {
    return this.#node.ledger
  }

  get sharing (): Sharing {
    return this.#crew.wishes.sharing ?? 'full'
  }

  setSharing (sharing: Sharing): void {
    this.#stopped.signal.throwIfAborted()
    this.#crew.wish({ sharing: checkSharing(sharing) })
  }

  setUpload (upload: UploadOptions): void {
    this.#stopped.signal.throwIfAborted()
    uploadLimits(upload)
    this.#crew.wish({ upload })
  }

  async open (link: string, options: OpenOptions = {}): Promise<TabContent> {
    const { origins, signal, mode = this.#options.mode } = options
    return await this.#do(signal, async host => {
      const content = await host.node.open(link, { origins, mode, signal })
      return this.#keep(host, content, link, origins, mode)
    })
  }

  async fetch (input: string | URL | Request, init: FetchInit = {}): Promise<Response> {
    return await shoalFetch({
      contents: this.#contents,
      clock: this.#world.clock,
      passthrough: (...args) => globalThis.fetch(...args),
      onfallback: detail => { this.dispatchEvent(new CustomEvent('fallback', { detail })) }
    }, input, init)
  }

  async publish (path: string, options: PublishOptions = {}): Promise<Published> {
    return await this.#published(options.signal, async node => await node.publish(path, options))
  }

  async publishBytes (files: ReadonlyMap<string, Uint8Array>, options: PublishOptions & { name: string }): Promise<Published> {
    return await this.#published(options.signal, async node => await node.publishBytes(files, options))
  }

  async pin (link: string, options: OpenOptions & SaveOptions = {}): Promise<ManifestSummary> {
    return await this.#do(options.signal, async ({ node }) => await node.pin(link, options))
  }

  async unpin (link: string): Promise<ManifestSummary> {
    return await this.#do(undefined, async ({ node }) => await node.unpin(link))
  }

  async collect (options: { keep?: Size | undefined } = {}): Promise<Collected> {
    return await this.#do(undefined, async ({ node }) => await node.collect(options))
  }

  async purge (what: string | { readonly tag: string }, options: PurgeOptions = {}): Promise<readonly PurgeResult[]> {
    return await this.#do(undefined, async ({ node }) => await node.purge(what, options))
  }

  async revoke (list: string): Promise<boolean> {
    return await this.#do(undefined, async ({ node }) => await node.revoke(list))
  }

  stop (): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  override addEventListener<K extends keyof ShoalEvents> (
    type: K, listener: EventHandler<ShoalEvents[K]> | null, options?: boolean | AddEventListenerOptions
  ): void {
    this.#relay.want(type)
    super.addEventListener(type, listener, options)
  }

  async #stop (): Promise<void> {
    this.#stopped.abort(new UnavailableError('the node is stopped'))
    for (const content of [...this.#contents]) await content.close()
    await this.#crew.stop()
  }

  get #node (): Shoal {
    if (this.#last === undefined) throw new UnavailableError('the node is stopped')
    return this.#last.node
  }

  #use (host: Host | undefined): void {
    this.#host = host
    this.#relay.from(host?.node)
    if (host === undefined) return
    this.#last = host
    this.#next.resolve(host)
    this.#next = Promise.withResolvers()
    for (const content of this.#contents) content.moved(host)
  }

  /** The node that there is, or will be. @throws UnavailableError none came within `ms` */
  async #hosted (signal: AbortSignal | undefined, ms?: number): Promise<Host> {
    const { signal: stopped } = this.#stopped
    stopped.throwIfAborted()
    if (this.#host !== undefined) return this.#host
    const late = new AbortController()
    const cancel = ms === undefined ? () => {} : this.#world.clock.after(ms, () => { late.abort(new UnavailableError('no tab has a node at the moment')) })
    try {
      return await raceSignal(this.#next.promise, AbortSignal.any([stopped, late.signal, ...signal === undefined ? [] : [signal]]))
    } finally {
      cancel()
    }
  }

  /** Each of these may be done twice without harm. */
  async #do<T> (signal: AbortSignal | undefined, work: (host: Host) => Promise<T>): Promise<T> {
    for (;;) {
      const host = await this.#hosted(signal)
      try {
        return await work(host)
      } catch (error) {
        this.#stopped.signal.throwIfAborted()
        if (signal?.aborted === true || !(host.gone.aborted || error instanceof LeaderGoneError)) throw error
      }
    }
  }

  async #published (signal: AbortSignal | undefined, work: (node: Shoal) => Promise<Published>): Promise<Published> {
    return await this.#do(signal, async host => {
      const published = await work(host.node)
      return { ...published, content: this.#keep(host, published.content, published.link, undefined, this.#options.mode) }
    })
  }

  #keep (host: Host, inner: ServedContent, link: string, origins: OpenOptions['origins'], mode: OpenOptions['mode']): TabContent {
    const content = new TabContent({
      link,
      origins,
      mode,
      clock: this.#world.clock,
      host: async (signal, ms) => await this.#hosted(signal, ms),
      emit: emitter(() => [this]),
      onclose: closed => { this.#contents.delete(closed) }
    }, host, inner)
    this.#contents.add(content)
    return content
  }
}

/** Shoal in this page, with its other tabs. @throws what a node throws as it starts */
export async function startTab (options: ShoalOptions): Promise<Shoal> {
  return await TabShoal.start({
    options,
    world: {
      clock: systemClock,
      locks: navigator.locks,
      channel: name => new BroadcastChannel(name),
      tab: crypto.randomUUID(),
      page: document
    },
    startNode: async (options, page) => await (await import('../node.js')).browserNode(options, page)
  })
}
