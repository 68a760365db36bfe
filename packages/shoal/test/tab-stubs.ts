import { ManualClock, type Port } from '@shoal/base'
import { sha256 } from '@shoal/content'
import {
  NotFoundError, type Content, type ContentEvents, type ReadOptions, type Segment, type Shoal, type ShoalEvents, type ShoalOptions
} from '@shoal/interface'
import { TypedEventEmitter } from 'main-event'
import type { TabWorld } from '../src/browser/tabs/crew.js'
import { TabShoal } from '../src/browser/tabs/tab-shoal.js'

export const BLOCK = 262_144
export const LINK = 'shoal:stub'
const ORIGIN = 'https://origin.example.com/show/'

/** Three blocks and a bit. */
export const FILM = Uint8Array.from({ length: BLOCK * 3 + 1000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff)

/** A content of one segment, `film`, that comes a block at a time. */
export class StubContent extends TypedEventEmitter<ContentEvents> {
  readonly link = LINK
  readonly summary = { cid: 'bafy', kind: 'directory', name: 'stub' }
  readonly policy = {}
  readonly origins: string[] = [ORIGIN]
  readonly movedAt = 0
  stats = { connected: 3, fromPeers: 0 }
  readonly reads: ReadOptions[] = []
  /** Blocks that were given. */
  given = 0
  /** After so many blocks nothing comes any more. */
  stopAfter = Infinity
  closed = false
  readonly manifest: { block: (segment: number, block: number) => { digest: Uint8Array } }
  readonly #gone: AbortSignal

  constructor (digests: readonly Uint8Array[], gone: AbortSignal) {
    super()
    this.#gone = gone
    this.manifest = { block: (_segment, block) => ({ digest: digests[block] as Uint8Array }) }
  }

  async stat (path: string): Promise<Segment> {
    if (path !== 'film') throw new NotFoundError(`no ${path}`)
    return { index: 0, path, size: FILM.length, cid: 'bafyfilm', blocks: 4 }
  }

  async * segments (): AsyncGenerator<Segment> {
    yield await this.stat('film')
  }

  async * read (path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    await this.stat(path)
    this.reads.push(options)
    const { start = 0, end = FILM.length, signal } = options
    for (let at = start; at < end;) {
      const until = Math.min(end, (Math.floor(at / BLOCK) + 1) * BLOCK)
      if (this.given >= this.stopAfter) await never(AbortSignal.any([this.#gone, ...signal === undefined ? [] : [signal]]))
      this.given++
      yield FILM.subarray(at, until)
      at = until
    }
  }

  async offer (_path: string, bytes: Uint8Array): Promise<number> {
    return bytes.byteLength
  }

  async fetchAll ({ onprogress }: { onprogress?: (done: number, total: number) => void } = {}): Promise<void> {
    for (let done = 1; done <= 4; done++) {
      onprogress?.(done, 4)
      await turn()
    }
  }

  async close (): Promise<void> {
    this.closed = true
  }
}

async function never (signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    const end = (): void => { reject(signal.reason as Error) }
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
  })
}

/** A node without a network. */
export class StubNode extends TypedEventEmitter<ShoalEvents> {
  readonly options: ShoalOptions
  readonly peerId: string
  readonly addrs = ['/ip4/192.0.2.1/tcp/1']
  readonly contents: StubContent[] = []
  readonly ledger = [{ peer: 'somebody' }]
  sharing: string
  stopped = false
  stopAfter = Infinity
  readonly #gone = new AbortController()
  readonly #digests: readonly Uint8Array[]

  constructor (peerId: string, options: ShoalOptions, digests: readonly Uint8Array[]) {
    super()
    this.peerId = peerId
    this.options = options
    this.sharing = options.sharing ?? 'full'
    this.#digests = digests
  }

  get status (): object {
    return { peerId: this.peerId, peers: [], contents: this.contents.filter(({ closed }) => !closed).map(({ link }) => ({ link })) }
  }

  setSharing (sharing: string): void {
    this.sharing = sharing
  }

  setUpload (): void {}

  async open (link: string): Promise<Content> {
    if (link !== LINK) throw new NotFoundError(`nobody has ${link}`)
    const content = new StubContent(this.#digests, this.#gone.signal)
    content.stopAfter = this.stopAfter
    this.contents.push(content)
    return content as unknown as Content
  }

  async collect (): Promise<unknown> {
    return { blocks: 1, bytes: 2 }
  }

  async stop (): Promise<void> {
    this.stopped = true
    this.#gone.abort(new Error('stopped'))
  }
}

export async function digestsOfFilm (): Promise<Uint8Array[]> {
  return await Promise.all([0, 1, 2, 3].map(async block => await sha256(FILM.slice(block * BLOCK, (block + 1) * BLOCK))))
}

/** A tab, of which one page may have several: with locks and channels of its own, that can be taken away. */
export class TestTab {
  readonly clock = new ManualClock()
  readonly page = Object.assign(new EventTarget(), { hidden: false })
  readonly nodes: StubNode[] = []
  /** Its node does not start. */
  failing = false
  /** What its node is told of who looks at it. */
  audience: { readonly hidden: boolean } | undefined
  shoal!: TabShoal
  readonly #id: string
  readonly #killed = new AbortController()
  readonly #ports: Port[] = []
  #frozen: (() => void)[] | undefined
  #denied = false
  #stopAfter = Infinity
  readonly #digests: readonly Uint8Array[]

  constructor (id: string, digests: readonly Uint8Array[]) {
    this.#id = id
    this.#digests = digests
  }

  /** Contents that its nodes open give so many blocks, and then nothing. */
  stopAfter (blocks: number): this {
    this.#stopAfter = blocks
    return this
  }

  /** The browser lets it share nothing. */
  deny (): this {
    this.#denied = true
    return this
  }

  get node (): StubNode | undefined {
    return this.nodes.find(({ stopped }) => !stopped)
  }

  async open (options: ShoalOptions): Promise<this> {
    const starting = TabShoal.start({
      options,
      world: this.#world,
      startNode: async (options, audience) => {
        this.audience = audience
        if (this.failing) throw new Error('no node today')
        const node = new StubNode(`node of ${this.#id}`, options, this.#digests)
        node.stopAfter = this.#stopAfter
        this.nodes.push(node)
        await turn()
        return node as unknown as Shoal
      }
    })
    let over = false
    starting.finally(() => { over = true }).catch(() => {})
    // who waits for the keeper's lock waits on this clock
    await until(() => over, `tab ${this.#id} has a node to use`, this.clock)
    this.shoal = await starting
    return this
  }

  /** It crashes: its locks are free, and nobody hears of it again. */
  kill (): void {
    this.freeze()
    this.#killed.abort()
    for (const port of this.#ports) port.close()
  }

  hide (hidden: boolean): void {
    this.page.hidden = hidden
    this.page.dispatchEvent(new Event('visibilitychange'))
  }

  /** It keeps what it has, hears nothing and says nothing. */
  freeze (): void {
    this.#frozen ??= []
  }

  /** And does it all at once. */
  thaw (): void {
    const late = this.#frozen ?? []
    this.#frozen = undefined
    for (const work of late) work()
  }

  #when (work: () => void): void {
    if (this.#frozen === undefined) work()
    else this.#frozen.push(work)
  }

  get #world (): TabWorld {
    return {
      clock: this.clock,
      tab: this.#id,
      page: this.page,
      locks: {
        request: async (name: string, options: LockOptions | LockGrantedCallback<unknown>, callback?: LockGrantedCallback<unknown>) => {
          if (this.#denied) throw new DOMException('denied', 'SecurityError')
          const [how, granted] = typeof options === 'function' ? [{}, options] : [options, callback as LockGrantedCallback<unknown>]
          const killed = new Promise<void>(resolve => { this.#killed.signal.addEventListener('abort', () => { resolve() }) })
          try {
            return await navigator.locks.request(name, how, async lock => { await Promise.race([granted(lock), killed]) })
          } catch (error) {
            await new Promise<void>(resolve => { this.#when(resolve) })
            throw error
          }
        }
      } as unknown as TabWorld['locks'],
      channel: name => {
        const channel = new BroadcastChannel(name)
        const port: Port = {
          postMessage: message => { this.#when(() => { if (!this.#killed.signal.aborted) channel.postMessage(message) }) },
          close: () => { channel.close() },
          onmessage: null
        }
        channel.onmessage = event => { this.#when(() => { port.onmessage?.(event) }) }
        this.#ports.push(port)
        return port
      }
    }
  }
}

/** Whatever was sent has been heard: between two timers messages get their turn, before the first that is late they may not. */
export async function turn (): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise(resolve => { setTimeout(resolve, 1) })
}

/** Until it is so; with a clock that goes on meanwhile when there is one. */
export async function until (condition: () => boolean, what: string, ...clocks: ManualClock[]): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 2_000) throw new Error(`waited in vain until ${what}`)
    await turn()
    for (const clock of clocks) clock.advance(20)
  }
}
