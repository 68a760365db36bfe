import { TypedEventEmitter } from 'main-event'
import { CID } from 'multiformats'
import { raceSignal } from '@shoal/base'
import { parseLink, swarmIdOf, type Link } from '@shoal/content'
import { hintsOf, type Emit, type OpenSwarm } from '@shoal/engine'
import {
  ConfigError, NotFoundError, PublishError, UnavailableError, type Collected, type Content, type ManifestSummary, type Mode,
  type NodeStatus, type OpenOptions, type Origin, type Published, type PublishOptions, type SaveOptions, type Shoal, type ShoalEvents,
  type Size, type StoreEvent
} from '@shoal/interface'
import { createOrigin } from '@shoal/origin'
import { hintAddrs } from './addresses.js'
import { OpenContent, type SharedContent } from './content.js'
import { emitter } from './events.js'
import type { FetchInit } from './http.js'
import { envelopeOf, recordOf, type ContentRecord } from './library.js'
import type { Parts } from './parts.js'
import { pinSeed } from './pin-seed.js'
import type { Publication } from './publish.js'
import { parseSize } from './units.js'

/** Sums over all contents since the start. */
type Totals = Record<'fromPeers' | 'fromOrigin' | 'uploaded' | 'wasted', number>

const TOTALS: readonly (keyof Totals)[] = ['fromPeers', 'fromOrigin', 'uploaded', 'wasted']

/** A content that is open or being opened, perhaps for several callers. */
interface Entry {
  readonly handles: Set<OpenContent>
  /** Callers that wait for it. */
  waiting: number
  /** Ends the search when the last of them has given up. */
  readonly abort: AbortController
  swarm?: OpenSwarm
  /** The node's own handle, which keeps nothing open. */
  own?: OpenContent
  /** Ends what goes on as long as it is open. */
  onleave?: () => void
}

interface Opening {
  readonly link: Link
  readonly text: string
  readonly origins: readonly string[]
  readonly mode: Mode
  /** What is known already: the signature of the manifest, or a live content's head. */
  readonly head?: Uint8Array | undefined
}

/** A running node: contents by their manifest, and what the application may ask of them. */
export class ShoalNode extends TypedEventEmitter<ShoalEvents> implements Shoal {
  readonly #parts: Parts
  readonly #started: number
  /** By what their links name, without hints. */
  readonly #entries = new Map<string, Entry & { readonly content: Promise<SharedContent> }>()
  /** The node's own handles of what it seeds. */
  readonly #kept = new Map<string, OpenContent>()
  #restored: Promise<void> | undefined
  /** Resolves with what ends the watch over the device. */
  #watching: Promise<() => void> | undefined
  #stopped: Promise<void> | undefined
  readonly #total: Totals = { fromPeers: 0, fromOrigin: 0, uploaded: 0, wasted: 0 }

  constructor (parts: Parts) {
    super()
    this.#parts = parts
    this.#started = parts.clock.now()
    parts.store.onevent = event => { this.#storeSaid(event) }
    let known = ''
    parts.network.addEventListener('self:peer:update', () => {
      // libp2p tells this of protocols and others' views of our addresses as well
      const { addrs } = this
      if (this.#stopped !== undefined || addrs.join() === known) return
      known = addrs.join()
      this.dispatchEvent(new CustomEvent('address', { detail: { addrs } }))
    })
  }

  get peerId (): string {
    return this.#parts.network.peerId.toString()
  }

  get addrs (): readonly string[] {
    return this.#parts.network.getMultiaddrs().map(addr => addr.toString())
  }

  get contents (): readonly Content[] {
    return [...this.#entries.values()].flatMap(({ handles }) => [...handles].slice(0, 1))
  }

  get status (): NodeStatus {
    const { network, store, engine, clock } = this.#parts
    const open = this.#own
    const { capacity, downRate, upRate } = engine.profile
    const total = { ...this.#total }
    for (const { stats } of open) for (const key of TOTALS) total[key] += stats[key]
    return {
      peerId: this.peerId,
      addrs: this.addrs,
      connections: network.getConnections().length,
      uptime: (clock.now() - this.#started) / 1000,
      store: { used: store.used, quota: store.quota },
      contents: open.map(({ link, summary, held, duty, copies, stats }) => ({
        link, name: summary.name, bytes: summary.bytes, held, connected: stats.connected, swarmSize: stats.swarmSize, duty, copies
      })),
      peers: engine.peers,
      profile: { capacity, downRate, upRate },
      total
    }
  }

  async publish (path: string, options: PublishOptions = {}): Promise<Published> {
    if (options.live === true) return await this.#publishLive(path, options)
    const { walk } = this.#parts.platform
    if (walk === undefined) throw new ConfigError('publish reads files and needs Node.js: use publishBytes in a browser')
    this.#assertRunning()
    const found = await walk(path)
    return await this.#publish({ ...found, name: options.name ?? found.name, options })
  }

  async publishBytes (files: ReadonlyMap<string, Uint8Array>, options: PublishOptions & { name: string }): Promise<Published> {
    const entries = [...files].map(([path, bytes]) => ({ path, size: bytes.byteLength, async * stream () { yield bytes } }))
    const kind = entries.length === 1 && entries[0]?.path === options.name ? 'file' : 'directory'
    return await this.#publish({ name: options.name, kind, files: entries, options: { ...options, copy: true } })
  }

  async #publish (publication: Publication): Promise<Published> {
    this.#assertRunning()
    // most nodes, and nearly all pages, never publish
    const { publish } = await import('./publish.js')
    const { built, record } = await publish(publication, this.#parts)
    const content = await this.#adopt(record)
    await this.#entries.get(record.manifest)?.swarm?.scan()
    const { summary } = built.manifest
    return { link: content.link, manifest: summary.cid, root: summary.root, segments: summary.segments, bytes: summary.bytes, content }
  }

  async #publishLive (where: string, options: PublishOptions): Promise<Published> {
    this.#assertRunning()
    const { follow } = await import('./live/publish-live.js')
    const report = (error: Error): void => {
      if (this.#stopped === undefined) this.dispatchEvent(new CustomEvent('error', { detail: { error, doing: `following ${where}` } }))
    }
    const following = await follow(where, options, this.#parts, report)
    try {
      const { liveLinkOf } = await import('./own-link.js')
      const text = liveLinkOf(this.peerId, following.name, hintAddrs(this.addrs))
      const link = parseLink(text)
      if (this.#entries.has(nameOf(link))) throw new PublishError(`${JSON.stringify(following.name)} is open already: close it first`)
      const content = await this.#opened({ link, text, origins: [], mode: this.#parts.config.mode, head: following.head }, options.signal)
      const entry = this.#entries.get(nameOf(link))
      if (entry?.swarm === undefined) throw new UnavailableError('the content was closed')
      const { swarm } = entry
      entry.onleave = () => { following.stop() }
      following.listen(head => { swarm.update(head).catch(report) })
      const { cid, root, segments, bytes } = content.summary
      return { link: content.link, manifest: cid, root, segments, bytes, content }
    } catch (error) {
      following.stop()
      throw error
    }
  }

  async pin (text: string, options: OpenOptions & SaveOptions = {}): Promise<ManifestSummary> {
    const handle = await this.open(text, options) as OpenContent
    try {
      const { keep } = await import('./keep.js')
      await keep(handle.manifest, this.#parts, () => handle.fetchAll(options))
      this.#keep(handle)
      return handle.summary
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async unpin (text: string): Promise<ManifestSummary> {
    this.#assertRunning()
    const link = parseLink(text)
    const record = link.kind === 'manifest' ? await this.#parts.library.get(link.manifest) : undefined
    if (record?.pinned !== true) throw new NotFoundError(`${text.split('?', 1)[0] ?? ''} is not pinned here`)
    await this.#restored
    const handle = await this.#adopt(record)
    const { release } = await import('./keep.js')
    await release(record, handle.manifest, this.#parts)
    await this.#kept.get(record.manifest)?.close()
    this.#kept.delete(record.manifest)
    await handle.close()
    return handle.summary
  }

  async collect ({ keep }: { keep?: Size | undefined } = {}): Promise<Collected> {
    this.#assertRunning()
    return await this.#parts.store.collect({ keep: keep === undefined ? undefined : parseSize(keep, 'keep') })
  }

  /** The node itself has it open from now on. */
  #keep (handle: OpenContent): void {
    const { cid } = handle.summary
    void this.#kept.get(cid)?.close()
    this.#kept.set(cid, handle)
  }

  /**
   * Seeds what earlier runs published: in the background, each content with its own failure.
   *
   * @param unpinned those of which the store did not even have the manifest
   */
  restore (seeds: readonly ContentRecord[], unpinned: readonly ContentRecord[]): void {
    this.#restored = Promise.all(seeds.map(record => this.#restore(record, unpinned.includes(record)))).then(() => {})
  }

  async #restore (record: ContentRecord, unpinned: boolean): Promise<void> {
    const { store, platform } = this.#parts
    try {
      const { holdFiles } = await import('./restore.js')
      const handle = await this.#adopt(record)
      this.#keep(handle)
      const { manifest } = handle
      if (unpinned) await pinSeed(record, store)
      await holdFiles(record, manifest, store, platform, detail => { this.dispatchEvent(new CustomEvent('store:withdrawn', { detail })) })
      await this.#entries.get(record.manifest)?.swarm?.scan()
    } catch (error) {
      if (this.#stopped !== undefined) return
      this.dispatchEvent(new CustomEvent('error', { detail: { error: error as Error, doing: `seeding ${record.manifest} again` } }))
    }
  }

  async #adopt (record: ContentRecord): Promise<OpenContent> {
    // the addresses of an earlier run are worth nothing to others
    const { linkOf } = await import('./own-link.js')
    const text = linkOf(record.manifest, hintAddrs(this.addrs))
    const link = parseLink(text)
    return await this.#opened({ link, text, origins: [], mode: this.#parts.config.mode, head: envelopeOf(record) })
  }

  async open (text: string, options: OpenOptions = {}): Promise<Content> {
    this.#assertRunning()
    const link = parseLink(text)
    // said now, and not when the manifest is there
    this.#origin(options.origins ?? [], false, () => {})
    const origins = [...options.origins ?? [], ...link.origins]
    const opening = { link, text, origins, mode: options.mode ?? this.#parts.config.mode }
    // a head that was known once is likely an old one
    if (link.kind === 'publisher') return await this.#opened(opening, options.signal)
    const known = await this.#parts.library.get(link.manifest)
    const content = await this.#opened({ ...opening, head: known === undefined ? undefined : envelopeOf(known) }, options.signal)
    if (known === undefined) await this.#parts.library.put(recordOf(content.manifest, { seed: false, files: [] }))
    else void this.#entries.get(link.manifest)?.swarm?.scan().catch(() => {})
    return content
  }

  async fetch (input: string | URL | Request, init: FetchInit = {}): Promise<Response> {
    const { shoalFetch } = await import('./http.js')
    return await shoalFetch({
      contents: this.#own,
      clock: this.#parts.clock,
      passthrough: (...args) => globalThis.fetch(...args),
      onfallback: detail => { this.dispatchEvent(new CustomEvent('fallback', { detail })) }
    }, input, init)
  }

  stop (): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop (): Promise<void> {
    try {
      for (const [name, { handles }] of [...this.#entries]) {
        for (const handle of [...handles]) await handle.close()
        this.#leave(name, new UnavailableError('the node is stopped'))
      }
      await this.#restored
      ;(await this.#watching)?.()
    } finally {
      await this.#parts.close()
    }
  }

  #assertRunning (): void {
    if (this.#stopped !== undefined) throw new UnavailableError('the node is stopped')
  }

  get #own (): OpenContent[] {
    return [...this.#entries.values()].flatMap(({ own }) => own ?? [])
  }

  /** A handle for this caller, on what all share. */
  async #opened (opening: Opening, signal?: AbortSignal): Promise<OpenContent> {
    this.#assertRunning()
    signal?.throwIfAborted()
    const name = nameOf(opening.link)
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      const begun: Entry = { handles: new Set(), waiting: 0, abort: new AbortController() }
      entry = Object.assign(begun, { content: this.#start(opening, begun) })
      this.#entries.set(name, entry)
    } else {
      // this link may name others than the first did
      entry.swarm?.suggested(hintsOf(opening.link.addrs))
    }
    const { handles, content } = entry
    const unused = (): void => {
      if (entry.waiting === 0 && handles.size === 0 && this.#entries.get(name) === entry) this.#leave(name, signal?.reason)
    }
    entry.waiting++
    try {
      const handle = new OpenContent(await raceSignal(content, signal), closed => {
        handles.delete(closed)
        unused()
      })
      this.#assertRunning()
      handles.add(handle)
      return handle
    } finally {
      entry.waiting--
      unused()
    }
  }

  async #start (opening: Opening, entry: Entry): Promise<SharedContent> {
    const { link, text, origins, mode, head } = opening
    const { engine, store, platform, bootstrap, network, clock } = this.#parts
    // the other modes do not ask what the device can afford
    if (mode === 'auto') await (this.#watching ??= platform.watchDevice?.(reason => { engine.spare(reason) }))
    const { signal } = entry.abort
    let bases: readonly string[] = []
    let movedAt = clock.now()
    const tell = emitter(() => [...entry.handles, this])
    const emit: Emit = (name, detail) => {
      if (name === 'manifest:update') movedAt = clock.now()
      tell(name, detail)
    }
    const { swarm, of } = link.kind === 'manifest'
      ? { swarm: await swarmIdOf(link.manifest), of: { root: CID.parse(link.manifest).multihash.digest } }
      : await (await import('./live/open-live.js')).openLive(link)
    signal.throwIfAborted()
    entry.swarm = engine.open({
      swarm,
      link: text,
      mode,
      of,
      hints: hintsOf(link.addrs),
      head,
      emit,
      origin: manifest => {
        const origin = this.#origin([...origins, ...manifest.origins], manifest.summary.kind === 'file', emit)
        bases = origin?.bases ?? []
        return origin
      }
    })
    // with nobody to ask, and nothing known, there is no point in waiting for an answer
    const hopeless = bootstrap.first.then(() => new Promise<never>(() => {}), (error: unknown) => {
      if (head === undefined && network.getConnections().length === 0 && link.addrs.length === 0) throw error
      return new Promise<never>(() => {})
    })
    const manifest = await Promise.race([entry.swarm.manifest(signal), hopeless])
    movedAt = clock.now()
    const content = { link: text, manifest, origins: bases, swarm: entry.swarm, store, platform, movedAt: () => movedAt }
    entry.own = new OpenContent(content, () => {})
    return content
  }

  #origin (bases: readonly string[], singleFile: boolean, emit: Emit): Origin | undefined {
    const { clock, random } = this.#parts
    if (bases.length === 0) return undefined
    return createOrigin({
      bases, singleFile, clock, random, onfailure: ({ url, error }) => { emit('error', { error, doing: `fetching from the origin ${url}` }) }
    })
  }

  /** The last who had it open, or waited for it, is gone. */
  #leave (name: string, reason?: unknown): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    this.#entries.delete(name)
    const { own, swarm, abort, onleave } = entry
    onleave?.()
    if (own !== undefined) {
      const { stats } = own
      for (const key of TOTALS) this.#total[key] += stats[key]
      void own.close()
    }
    abort.abort(reason)
    swarm?.close()
  }

  #storeSaid (event: StoreEvent): void {
    if (event.type === 'failed') {
      this.dispatchEvent(new CustomEvent('error', { detail: { error: event.error, doing: event.doing } }))
      return
    }
    // what contents held may be gone
    this.#parts.engine.storeLost()
    if (event.type === 'withdrawn') {
      this.dispatchEvent(new CustomEvent('store:withdrawn', { detail: { path: event.path, blocks: event.blocks.length, reason: event.reason } }))
    } else if (event.type === 'corrupt') {
      this.dispatchEvent(new CustomEvent('store:corrupt', { detail: { where: event.where } }))
    }
  }
}

/** What a link names, without its hints. */
function nameOf (link: Link): string {
  return link.kind === 'manifest' ? link.manifest : `${link.publisher}/${link.name}`
}
