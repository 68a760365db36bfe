import { TypedEventEmitter } from 'main-event'
import { writeFile } from 'node:fs/promises'
import {
  InvalidLinkError, NotFoundError, type Collected, type Content, type ContentEvents, type ContentStats, type LedgerEntry,
  type ManifestSummary, type NodeStatus, type OpenOptions, type Policy, type Published, type PublishOptions, type PurgeOptions,
  type PurgeResult, type ReadOptions, type SaveOptions, type Segment, type Shoal, type ShoalEvents, type ShoalOptions, type Size
} from '@shoal/interface'

export class StubContent extends TypedEventEmitter<ContentEvents> implements Content {
  readonly link: string
  readonly summary: ManifestSummary
  policy: Policy = {}
  readonly stats: ContentStats = {
    fromPeers: 60, fromOrigin: 40, fromStore: 0, uploaded: 0, wasted: 0, peers: { peerA: 60 }, connected: 1, swarmSize: 2
  }

  readonly files: ReadonlyMap<string, Uint8Array>
  readonly reads: ReadOptions[] = []
  closed = 0
  /** Thrown by reads after this many bytes. */
  failAfter = Infinity
  failure: Error = new Error('broken')
  /** Held back until resolved. */
  gate: Promise<void> = Promise.resolve()
  onclose: () => void = () => undefined

  constructor (cid: string, files: ReadonlyMap<string, Uint8Array>, kind: 'file' | 'directory' = 'directory', name = 'stub') {
    super()
    this.link = `shoal:${cid}`
    this.files = files
    const bytes = [...files.values()].reduce((sum, file) => sum + file.byteLength, 0)
    this.summary = { cid, publisher: 'publisher', name, kind, root: 'root', segments: files.size, blocks: files.size, bytes, pages: 1 }
  }

  async * segments (): AsyncGenerator<Segment> {
    for (const path of this.files.keys()) yield await this.stat(path)
  }

  async stat (path: string): Promise<Segment> {
    const file = this.files.get(path)
    if (file === undefined) throw new NotFoundError(`no segment "${path}"`)
    return { index: 0, path, size: file.byteLength, cid: `cid-${path}`, blocks: 1 }
  }

  async * read (path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    this.reads.push(options)
    const { start = 0, end = Infinity, signal } = options
    const file = this.files.get(path) ?? new Uint8Array()
    for (let at = start; at < Math.min(end, file.byteLength); at += 100) {
      await this.gate
      signal?.throwIfAborted()
      if (at >= this.failAfter) throw this.failure
      yield file.subarray(at, Math.min(at + 100, end, file.byteLength))
    }
  }

  async offer (): Promise<number> { return 0 }
  async fetchAll (): Promise<void> {}

  async save (out: string, { signal, onprogress }: SaveOptions = {}): Promise<void> {
    onprogress?.(this.summary.bytes / 2, this.summary.bytes)
    await Promise.race([this.gate, new Promise((_, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason as Error) }) })])
    signal?.throwIfAborted()
    for (const file of this.files.values()) await writeFile(out, file)
    onprogress?.(this.summary.bytes, this.summary.bytes)
  }

  async close (): Promise<void> {
    this.closed++
    this.onclose()
  }
}

/** A node with a few contents and no network. */
export class StubNode extends TypedEventEmitter<ShoalEvents> implements Shoal {
  readonly peerId = '12D3KooWStubStubStub'
  readonly addrs = ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWStubStubStub']
  readonly options: ShoalOptions
  readonly known = new Map<string, StubContent>()
  readonly opened: { link: string, options: OpenOptions | undefined }[] = []
  readonly published: { path: string, options: PublishOptions | undefined }[] = []
  readonly #open = new Set<StubContent>()
  readonly pinned = new Set<string>()
  readonly collections: (Size | undefined)[] = []
  readonly purges: { what: string | { readonly tag: string }, options: PurgeOptions }[] = []
  readonly revoked: string[] = []
  stops = 0

  constructor (options: ShoalOptions = {}, contents: readonly StubContent[] = []) {
    super()
    this.options = options
    for (const content of contents) this.known.set(content.summary.cid, content)
  }

  get contents (): readonly StubContent[] {
    return [...this.#open]
  }

  readonly ledger: readonly LedgerEntry[] = [
    {
      peer: '12D3KooWPeerPeerPeer', score: 12.5, received: 1000, sent: 5, useful: 4, wasted: 10, corrupt: 0, given: 900, taken: 4, latency: 12,
      penalty: 1, bannedUntil: undefined, swarms: [{ swarm: 'ab'.repeat(32), received: 1000, sent: 5 }]
    },
    {
      peer: '12D3KooWLiar', score: -100, received: 0, sent: 0, useful: 0, wasted: 7, corrupt: 1, given: 0, taken: 0, latency: 0, penalty: 0,
      bannedUntil: Date.UTC(2100, 0), swarms: []
    }
  ]

  readonly sharing = 'full'

  setSharing (): void {
    throw new Error('the stub shares nothing')
  }

  setUpload (): void {
    throw new Error('not used')
  }

  get status (): NodeStatus {
    return {
      peerId: this.peerId,
      addrs: this.addrs,
      connections: 2,
      uptime: 12.5,
      store: { used: 10, quota: Infinity },
      contents: this.contents.map(({ link, summary: { name, bytes } }) => ({
        link, name, bytes, held: 1, connected: 1, swarmSize: 3, duty: 'cache', copies: 2.6
      })),
      profile: { capacity: 3, downRate: 3_000_000, upRate: undefined },
      peers: [{
        peer: '12D3KooWPeerPeerPeer',
        transport: 'tcp',
        addr: '/ip4/192.0.2.1/tcp/1',
        direction: 'outbound',
        contents: [],
        stats: { rtt: 12, received: 1000, sent: 5, wasted: 0, outstanding: 0, rate: 3, window: 1 }
      }],
      upload: { rate: Infinity, rateNow: 500, slots: 16, month: 70, monthly: 100, yield: true },
      total: { fromPeers: 1000, fromOrigin: 500, uploaded: 5, wasted: 1 }
    }
  }

  async publish (path: string, options?: PublishOptions): Promise<Published> {
    options?.signal?.throwIfAborted()
    this.published.push({ path, options })
    const content = new StubContent('published', new Map([[path, new Uint8Array(10)]]))
    this.#add(content)
    return { link: content.link, manifest: 'published', root: 'root', segments: 1, bytes: 10, content }
  }

  async publishBytes (): Promise<Published> {
    throw new Error('not used')
  }

  async pin (link: string, options?: OpenOptions & SaveOptions): Promise<ManifestSummary> {
    const { summary } = await this.open(link, options)
    options?.onprogress?.(summary.bytes, summary.bytes)
    this.pinned.add(link)
    return summary
  }

  async unpin (link: string): Promise<ManifestSummary> {
    if (!this.pinned.delete(link)) throw new NotFoundError('not pinned')
    return (await this.open(link)).summary
  }

  async purge (what: string | { readonly tag: string }, options: PurgeOptions = {}): Promise<PurgeResult[]> {
    this.purges.push({ what, options })
    const { paths = [], cids = [] } = options
    return [{ link: 'shoal:c', manifest: 'c', name: 'stub', all: paths.length + cids.length === 0, paths, cids }]
  }

  async collect ({ keep }: { keep?: Size | undefined } = {}): Promise<Collected> {
    this.collections.push(keep)
    return { blocks: 3, bytes: 12_288 }
  }

  async open (link: string, options?: OpenOptions): Promise<StubContent> {
    this.opened.push({ link, options })
    if (link === 'shoal:bad') throw new InvalidLinkError('a bad link')
    const content = this.known.get(link.slice('shoal:'.length))
    if (content !== undefined) {
      this.#add(content)
      return content
    }
    if (link !== 'shoal:silent') throw new NotFoundError('nobody has it')
    return await new Promise((_, reject) => { options?.signal?.addEventListener('abort', () => { reject(options.signal?.reason as Error) }) })
  }

  async revoke (list: string): Promise<boolean> {
    this.revoked.push(list)
    return true
  }

  async fetch (): Promise<Response> {
    throw new Error('not used')
  }

  async stop (): Promise<void> {
    this.stops++
  }

  #add (content: StubContent): void {
    this.#open.add(content)
    content.onclose = () => { this.#open.delete(content) }
  }
}
