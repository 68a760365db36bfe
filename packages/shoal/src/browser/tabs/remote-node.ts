import { Questions, type Clock, type Port, type Question } from '@shoal/base'
import {
  ConfigError, UnavailableError, type Collected, type LedgerEntry, type ManifestSummary, type NodeStatus, type OpenOptions, type Published,
  type PublishOptions, type PurgeOptions, type PurgeResult, type SaveOptions, type Sharing, type Shoal, type ShoalEvents, type Size,
  type UploadOptions
} from '@shoal/interface'
import { TypedEventEmitter, type EventHandler } from 'main-event'
import { fromFailure, gone, LeaderGoneError, type Failure } from './failure.js'
import { Pulse } from './pulse.js'
import {
  ACK_EVERY, TAB_PROTOCOL, TICK_MS, type Ask, type ContentInfo, type News, type NodeMethod, type Snapshot, type Told, type ToLeader,
  type Wishes
} from './protocol.js'
import { failureOf, RemoteContent, type Leader } from './remote-content.js'

/** What is known of the leader's node is older than this when it is asked for anew, ms. */
const STATUS_MS = 250

export interface RemoteHost {
  readonly clock: Clock
  readonly wishes: Wishes
  readonly hidden: boolean
  /** The user has said something in another tab. */
  readonly onwish: (wishes: Wishes) => void
  /** The leader has not said anything for so long that somebody else should lead. */
  readonly onfrozen: () => void
}

/** The node of the tab that leads, for another tab. What is read at once was told before; everything else is asked over the port. */
export class RemoteNode extends TypedEventEmitter<ShoalEvents> implements Shoal, Leader {
  readonly #port: Port
  readonly #host: RemoteHost
  readonly #questions: Questions<Told>
  readonly #pulse: Pulse
  readonly #contents = new Map<number, RemoteContent>()
  readonly #gone = new AbortController()
  readonly #welcome = Promise.withResolvers<void>()
  #known: Snapshot | undefined
  #ledger: readonly LedgerEntry[] = []
  #wishes: Wishes
  #askedAt = -Infinity
  #heard = 0

  constructor (port: Port, host: RemoteHost) {
    super()
    this.#port = port
    this.#host = host
    this.#wishes = host.wishes
    this.#welcome.promise.catch(() => {})
    this.#questions = new Questions(message => { this.say(message as ToLeader) }, host.clock)
    this.#pulse = new Pulse(host.clock, {
      busy: () => this.#questions.size > 0,
      ping: () => { this.say({ type: 'ping' }) },
      quiet: () => { this.#break('does not answer') },
      frozen: host.onfrozen
    })
    port.onmessage = ({ data }: MessageEvent<News | Told>) => { this.#hear(data) }
    this.say({ type: 'join', version: TAB_PROTOCOL, hidden: host.hidden, wishes: host.wishes })
  }

  /** Resolves when the leader has said what there is. */
  get ready (): Promise<void> {
    return this.#welcome.promise
  }

  /** Aborted when that tab leads no longer. */
  get gone (): AbortSignal {
    return this.#gone.signal
  }

  /** @param bye the leader is there, and this tab leaves it */
  end (bye = false): void {
    if (this.gone.aborted) return
    if (bye) this.say({ type: 'bye' })
    this.#gone.abort()
    this.#pulse.stop()
    this.#welcome.reject(new LeaderGoneError('the tab that has the node is gone'))
    this.#break('is gone')
    this.#port.close()
  }

  say (message: ToLeader): void {
    if (!this.gone.aborted) this.#port.postMessage(message)
  }

  seen (hidden: boolean): void {
    this.say({ type: 'seen', hidden })
  }

  ask (ask: Ask, ahead = 1): Question<Told> {
    if (this.gone.aborted) throw new LeaderGoneError('the tab that has the node is gone')
    this.#pulse.start()
    return this.#questions.ask(ask, { silence: TICK_MS, ahead })
  }

  /** The answer to something that is answered once, after pieces that tell how far it is. @throws what the leader says, LeaderGoneError */
  async answer (ask: Ask, signal?: AbortSignal, onpiece: (value: unknown) => void = () => {}): Promise<unknown> {
    signal?.throwIfAborted()
    const question = this.ask(ask)
    signal?.addEventListener('abort', question.cancel)
    try {
      for (let told = await question.answer; ; told = await question.next()) {
        if (told?.type === 'end') return told.value
        if (told?.type === 'piece') onpiece(told.value)
        else if (told?.type !== 'head') throw failureOf(told, signal)
      }
    } finally {
      signal?.removeEventListener('abort', question.cancel)
    }
  }

  get peerId (): string {
    return this.#snapshot.peerId
  }

  get addrs (): readonly string[] {
    return this.#snapshot.addrs
  }

  get status (): NodeStatus {
    this.look()
    return this.#snapshot.status
  }

  get contents (): readonly RemoteContent[] {
    return [...this.#contents.values()]
  }

  get ledger (): readonly LedgerEntry[] {
    this.answer({ what: 'ledger' }).then(entries => { this.#ledger = entries as LedgerEntry[] }, () => {})
    return this.#ledger
  }

  get sharing (): Sharing {
    return this.#wishes.sharing ?? 'full'
  }

  setSharing (sharing: Sharing): void {
    this.#wish({ sharing })
  }

  setUpload (upload: UploadOptions): void {
    this.#wish({ upload })
  }

  async open (link: string, { origins, mode, signal }: OpenOptions = {}): Promise<RemoteContent> {
    return this.#opened(await this.answer({ what: 'open', link, origins, mode }, signal))
  }

  async publish (path: string, options: PublishOptions = {}): Promise<Published> {
    return await this.#published('publish', path, options)
  }

  async publishBytes (files: ReadonlyMap<string, Uint8Array>, options: PublishOptions & { name: string }): Promise<Published> {
    return await this.#published('publishBytes', files, options)
  }

  async pin (link: string, options: OpenOptions & SaveOptions = {}): Promise<ManifestSummary> {
    return await this.#call('pin', link, options) as ManifestSummary
  }

  async unpin (link: string): Promise<ManifestSummary> {
    return await this.#call('unpin', link, {}) as ManifestSummary
  }

  async collect (options: { keep?: Size | undefined } = {}): Promise<Collected> {
    return await this.answer({ what: 'node', method: 'collect', args: [options] }) as Collected
  }

  async purge (what: string | { readonly tag: string }, options: PurgeOptions = {}): Promise<readonly PurgeResult[]> {
    return await this.#call('purge', what, options) as PurgeResult[]
  }

  async revoke (list: string): Promise<boolean> {
    return await this.answer({ what: 'node', method: 'revoke', args: [list] }) as boolean
  }

  async fetch (): Promise<Response> {
    throw new ConfigError('fetch is the business of the tab that asks')
  }

  async stop (): Promise<void> {
    this.end(true)
  }

  override addEventListener<K extends keyof ShoalEvents> (
    type: K, listener: EventHandler<ShoalEvents[K]> | null, options?: boolean | AddEventListenerOptions
  ): void {
    if (this.listenerCount(type) === 0) this.say({ type: 'listen', on: 0, name: type })
    super.addEventListener(type, listener, options)
  }

  /** Asks how things stand, at most four times a second. */
  look (): void {
    const now = this.#host.clock.now()
    if (this.gone.aborted || now - this.#askedAt < STATUS_MS) return
    this.#askedAt = now
    this.answer({ what: 'status' }).then(value => { this.#learn(value as Snapshot) }, () => {})
  }

  closed (id: number): void {
    this.#contents.delete(id)
    this.say({ type: 'close', content: id })
  }

  get #snapshot (): Snapshot {
    if (this.#known === undefined) throw new UnavailableError('the tab that has the node has not answered yet')
    return this.#known
  }

  #wish (wishes: Wishes): void {
    this.#wishes = { ...this.#wishes, ...wishes }
    this.say({ type: 'wish', wishes })
  }

  async #call (method: NodeMethod, first: unknown, { signal, onprogress, ...options }: SaveOptions & object): Promise<unknown> {
    return await this.answer({ what: 'node', method, args: [first, options] }, signal, value => { onprogress?.(...value as [number, number]) })
  }

  async #published (method: NodeMethod, first: unknown, options: PublishOptions): Promise<Published> {
    const { content, ...rest } = await this.#call(method, first, options) as Omit<Published, 'content'> & { content: unknown }
    return { ...rest, content: this.#opened(content) }
  }

  #opened (value: unknown): RemoteContent {
    const { id, info } = value as { id: number, info: ContentInfo }
    const content = new RemoteContent(this, id, info, this.#host.clock)
    this.#contents.set(id, content)
    return content
  }

  #break (what: string): void {
    this.#questions.break(id => ({ type: 'broken', id, failure: gone(`the tab that has the node ${what}`) }))
  }

  #hear (message: News | Told): void {
    this.#pulse.heard()
    switch (message.type) {
      case 'welcome':
        if (message.version !== TAB_PROTOCOL) { this.end(true); return }
        this.#learn(message.snapshot)
        this.#heardWish(message.wishes)
        this.#welcome.resolve()
        break
      case 'wish': this.#heardWish(message.wishes); break
      case 'bye': this.end(); break
      case 'pong': break
      case 'missed': {
        const error = new UnavailableError(`this tab did not listen for so long that it missed ${message.events} events`)
        this.dispatchEvent(new CustomEvent('error', { detail: { error, doing: 'listening to the tab that has the node' } }))
        break
      }
      case 'event': this.#event(message); break
      default: this.#questions.hear(message)
    }
  }

  #event ({ on, name, detail, info }: News & { type: 'event' }): void {
    if (++this.#heard % ACK_EVERY === 0) this.say({ type: 'ack', events: ACK_EVERY })
    const content = this.#contents.get(on)
    if (info !== undefined) content?.learn(info)
    const { error } = (detail ?? {}) as { error?: Failure }
    const whole: unknown = error === undefined ? detail : { ...detail as object, error: fromFailure(error) }
    const target = on === 0 ? this : content
    target?.dispatchEvent(new CustomEvent(name, { detail: whole }))
  }

  #learn (snapshot: Snapshot): void {
    this.#known = snapshot
    for (const [id, info] of Object.entries(snapshot.contents)) this.#contents.get(Number(id))?.learn(info)
  }

  #heardWish (wishes: Wishes): void {
    this.#wishes = { ...this.#wishes, ...wishes }
    this.#host.onwish(wishes)
  }
}
