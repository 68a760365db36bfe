import { Replies, type Clock, type Port, type Reply } from '@shoal/base'
import { ConfigError, UnavailableError, type Content, type Published, type Sharing, type Shoal } from '@shoal/interface'
import { Subscriptions } from './subscriptions.js'
import { infoOf, snapshotOf, vouch, type ServedContent } from './describe.js'
import { toFailure } from './failure.js'
import {
  CONTENTS_MAX, LEDGER_MAX, OFFER_BYTES_MAX, QUESTIONS_MAX, SEGMENTS_AT_ONCE, TAB_PROTOCOL, TEXT_MAX, type Ask, type News, type NodeMethod,
  type Told, type ToLeader, type Wishes
} from './protocol.js'

/** What a desk needs of the tab that has the node. */
export interface DeskHost {
  readonly node: Shoal
  readonly clock: Clock
  readonly wishes: () => Wishes
  readonly wish: (wishes: Wishes) => void
  readonly seen: (hidden: boolean) => void
  readonly onbye: () => void
}

const METHODS: readonly NodeMethod[] = ['publish', 'publishBytes', 'pin', 'unpin', 'collect', 'purge', 'revoke']

const STRICTEST_FIRST: readonly Sharing[] = ['off', 'download', 'full']

/** The leader's side of one other tab: does what that tab asks of the node, and ends it all when it goes. */
export class Desk {
  readonly #port: Port
  readonly #host: DeskHost
  readonly #replies = new Replies(QUESTIONS_MAX)
  readonly #contents = new Map<number, ServedContent>()
  readonly #subscriptions: Subscriptions
  #opened = 0
  #ended = false

  constructor (port: Port, host: DeskHost) {
    this.#port = port
    this.#host = host
    this.#subscriptions = new Subscriptions(news => { this.#tell(news) }, host.clock)
    port.onmessage = ({ data }: MessageEvent<ToLeader>) => { this.#hear(data) }
  }

  wished (wishes: Wishes): void {
    this.#tell({ type: 'wish', wishes })
  }

  /** The tab is gone, or this one leads no longer. */
  end (): void {
    if (this.#ended) return
    this.#ended = true
    this.#port.postMessage({ type: 'bye' } satisfies News)
    this.#replies.end(new UnavailableError('the tab that has the node leads no longer'))
    this.#subscriptions.end()
    for (const content of this.#contents.values()) void content.close()
    this.#contents.clear()
    this.#port.close()
  }

  #tell (message: News | Told): void {
    if (!this.#ended) this.#port.postMessage(message)
  }

  #hear (message: ToLeader): void {
    switch (message.type) {
      case 'ask': void this.#answer(message.id, message); break
      case 'pull': case 'cancel': this.#replies.hear(message); break
      case 'ping': this.#tell({ type: 'pong' }); break
      case 'ack': this.#subscriptions.ack(message.events); break
      case 'seen': this.#host.seen(message.hidden); break
      case 'wish': this.#host.wish(message.wishes); break
      case 'listen': this.#listen(message.on, message.name); break
      case 'close': this.#close(message.content); break
      case 'bye': this.#host.onbye(); break
      case 'join':
        this.#host.seen(message.hidden)
        this.#joined(message.wishes)
        this.#tell({ type: 'welcome', version: TAB_PROTOCOL, snapshot: this.#snapshot(), wishes: this.#host.wishes() })
    }
  }

  /** Of what another tab brings along counts what is stricter: it may be the user's newer word. */
  #joined ({ sharing }: Wishes): void {
    const now = this.#host.wishes().sharing ?? 'full'
    if (sharing !== undefined && STRICTEST_FIRST.indexOf(sharing) < STRICTEST_FIRST.indexOf(now)) this.#host.wish({ sharing })
  }

  #listen (on: number, name: string): void {
    const content = this.#contents.get(on)
    const { clock, node } = this.#host
    if (content !== undefined) this.#subscriptions.add(content, on, name, () => infoOf(content, clock))
    else if (on === 0) this.#subscriptions.add(node, 0, name, () => undefined)
  }

  #close (id: number): void {
    void this.#contents.get(id)?.close()
    this.#contents.delete(id)
  }

  async #answer (id: number, ask: Ask): Promise<void> {
    const reply = this.#replies.begin(id)
    if (reply === undefined) {
      const error = new UnavailableError(`expected at most ${QUESTIONS_MAX} requests of a tab at a time: ask again when some are done`)
      this.#tell({ type: 'broken', id, failure: toFailure(error) })
      return
    }
    this.#tell({ type: 'wait', id })
    try {
      const value = await this.#do(id, ask, reply)
      this.#tell({ type: 'end', id, value })
    } catch (error) {
      if (!reply.stop.signal.aborted) this.#tell({ type: 'broken', id, failure: toFailure(error) })
    } finally {
      this.#replies.done(id)
    }
  }

  async #do (id: number, ask: Ask, reply: Reply): Promise<unknown> {
    const { signal } = reply.stop
    const { node } = this.#host
    switch (ask.what) {
      case 'open': return this.#keep(await node.open(short(ask.link), { origins: ask.origins, mode: ask.mode, signal }))
      case 'read': return await this.#read(id, ask, reply)
      case 'stat': return await this.#content(ask.content).stat(short(ask.path), { deadline: ask.deadline, signal })
      case 'offer': {
        if (!(ask.bytes.byteLength <= OFFER_BYTES_MAX)) throw new ConfigError(`expected at most ${OFFER_BYTES_MAX} bytes at once, got ${ask.bytes.byteLength}`)
        return await this.#content(ask.content).offer(short(ask.path), ask.bytes, { start: ask.start, signal, took: ask.took })
      }
      case 'segments': { await this.#segments(id, this.#content(ask.content), reply); return undefined }
      case 'fetchAll': return await this.#progressing(id, reply, async onprogress => {
        await this.#content(ask.content).fetchAll({ signal, onprogress })
      })
      case 'status': return this.#snapshot()
      case 'ledger': return node.ledger.slice(0, LEDGER_MAX)
      case 'node': return await this.#progressing(id, reply, async onprogress => await this.#call(ask.method, ask.args, { signal, onprogress }))
    }
  }

  async #read (id: number, ask: Ask & { what: 'read' }, reply: Reply): Promise<void> {
    const content = this.#content(ask.content)
    const { start, end, deadline } = ask
    const { signal } = reply.stop
    const since = this.#host.clock.now()
    const segment = await content.stat(short(ask.path), { deadline, signal })
    this.#tell({ type: 'head', id, value: vouch(content, segment) })
    const left = deadline === undefined ? undefined : Math.max(0, deadline - (this.#host.clock.now() - since))
    for await (const value of content.read(ask.path, { start, end, deadline: left, signal })) {
      await reply.room()
      if (signal.aborted) return
      // what is sent of a view is all of its buffer
      this.#tell({ type: 'piece', id, value: value.byteLength === value.buffer.byteLength ? value : value.slice() })
    }
  }

  async #segments (id: number, content: Content, reply: Reply): Promise<void> {
    this.#tell({ type: 'head', id })
    let batch: unknown[] = []
    const send = async (): Promise<void> => {
      await reply.room()
      if (!reply.stop.signal.aborted) this.#tell({ type: 'piece', id, value: batch })
      batch = []
    }
    for await (const segment of content.segments()) {
      if (reply.stop.signal.aborted) return
      if (batch.push(segment) === SEGMENTS_AT_ONCE) await send()
    }
    if (batch.length > 0) await send()
  }

  /** Tells how far it is, as often as the other tab asks: the newest only. */
  async #progressing<T> (id: number, reply: Reply, work: (onprogress: (done: number, total: number) => void) => Promise<T>): Promise<T> {
    this.#tell({ type: 'head', id })
    let news: (() => void) | undefined
    let latest: readonly [number, number] | undefined
    let over = false
    const telling = (async () => {
      for (;;) {
        await reply.room()
        while (latest === undefined && !over) await new Promise<void>(resolve => { news = resolve })
        if (over || reply.stop.signal.aborted) return
        this.#tell({ type: 'piece', id, value: latest })
        latest = undefined
      }
    })()
    try {
      return await work((done, total) => { latest = [done, total]; news?.() })
    } finally {
      over = true
      news?.()
      reply.pull()
      await telling
    }
  }

  async #call (method: NodeMethod, [first, options]: readonly unknown[], how: object): Promise<unknown> {
    if (!METHODS.includes(method)) throw new ConfigError(`a node has no method ${JSON.stringify(method)} that another tab may call`)
    const { node } = this.#host
    const methods = node as unknown as Record<NodeMethod, (...args: unknown[]) => Promise<unknown>>
    const value = method === 'collect' || method === 'revoke'
      ? await methods[method](first)
      : await methods[method](first, { ...options as object | undefined, ...how })
    const { content } = (value ?? {}) as Partial<Published>
    return content === undefined ? value : { ...value as Published, content: this.#keep(content) }
  }

  #keep (content: Content): { id: number, info: ReturnType<typeof infoOf> } {
    if (this.#ended || this.#contents.size >= CONTENTS_MAX) {
      void content.close()
      throw new UnavailableError(`expected at most ${CONTENTS_MAX} open contents in a tab: close some`)
    }
    const id = ++this.#opened
    this.#contents.set(id, content)
    return { id, info: infoOf(content, this.#host.clock) }
  }

  #content (id: number): ServedContent {
    const content = this.#contents.get(id)
    if (content === undefined) throw new UnavailableError('the content is closed')
    return content
  }

  #snapshot (): ReturnType<typeof snapshotOf> {
    return snapshotOf(this.#host.node, this.#contents, this.#host.clock)
  }
}

function short (text: string): string {
  if (typeof text !== 'string' || text.length > TEXT_MAX) throw new ConfigError(`expected a link or a path of at most ${TEXT_MAX} characters`)
  return text
}
