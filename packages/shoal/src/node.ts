import { TypedEventEmitter } from 'main-event'
import { CID } from 'multiformats'
import { raceSignal } from '@shoal/base'
import { parseLink, swarmIdOf } from '@shoal/content'
import { hintsOf, type Emit, type OpenSwarm } from '@shoal/engine'
import {
  ManifestError, PurgedError, UnavailableError, type Collected, type Content, type LedgerEntry, type Manifest, type ManifestSummary,
  type NodeStatus, type OpenOptions, type Origin, type Published, type PublishOptions, type PurgeOptions, type PurgeResult,
  type SaveOptions, type Sharing, type Shoal, type ShoalEvents, type Size, type StoreEvent, type UploadOptions
} from '@shoal/interface'
import type { Bridge } from './bridge-types.js'
import { OpenContent, type SharedContent } from './content.js'
import { emitter } from './events.js'
import { Farewells } from './farewells.js'
import type { FetchInit } from './http.js'
import { envelopeOf, recordOf, type ContentRecord } from './library.js'
import { statusOf, Totals } from './node-status.js'
import { Moves } from './live/moves.js'
import { nameOf, type Entry, type Opening } from './opening.js'
import type { Parts } from './parts.js'
import { knownPurge } from './purging/known.js'
import { recordPurge } from './purging/record.js'
import type { Seeding } from './seeding.js'
import { parseSize } from './units.js'
import { checkSharing, uploadLimits } from './wishes.js'

/** A running node: contents by their manifest, and what the application may ask of them. */
export class ShoalNode extends TypedEventEmitter<ShoalEvents> implements Shoal {
  readonly #parts: Parts
  readonly #started: number
  /** By what their links name, without hints. */
  readonly #entries = new Map<string, Entry & { readonly content: Promise<SharedContent> }>()
  /** What it publishes and pins. */
  #seeds: Promise<Seeding> | undefined
  #restored: Promise<void> | undefined
  /** Resolves with what ends the watch over the device. */
  #watching: Promise<() => void> | undefined
  #stopped: Promise<void> | undefined
  readonly #totals = new Totals()
  readonly #farewells: Farewells

  constructor (parts: Parts) {
    super()
    this.#parts = parts
    this.#started = parts.clock.now()
    this.#farewells = new Farewells(parts.clock)
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
    return { peerId: this.peerId, addrs: this.addrs, ...statusOf(this.#parts, this.#own, this.#totals, this.#started) }
  }

  get ledger (): readonly LedgerEntry[] {
    return this.#parts.ledger.entries
  }

  setUpload (options: UploadOptions): void {
    this.#assertRunning()
    this.#parts.engine.setUpload(uploadLimits(options))
  }

  get sharing (): Sharing {
    return this.#parts.engine.sharing
  }

  setSharing (sharing: Sharing): void {
    this.#assertRunning()
    this.#parts.engine.setSharing(checkSharing(sharing))
  }

  async publish (path: string, options: PublishOptions = {}): Promise<Published> {
    return await (await this.#seeding()).publish(path, options)
  }

  async publishBytes (files: ReadonlyMap<string, Uint8Array>, options: PublishOptions & { name: string }): Promise<Published> {
    return await (await this.#seeding()).publishBytes(files, options)
  }

  /** For packages that carry contents to and from other worlds. */
  get bridge (): Bridge {
    const { network, store, clock, engine } = this.#parts
    return {
      network,
      store,
      clock,
      restored: async () => { await this.#restored },
      contents: () => this.#own,
      lend: async (to, bytes, signal) => await engine.lend(to, bytes, signal),
      publishFiles: async publication => await (await this.#seeding()).publishFiles(publication)
    }
  }

  async pin (text: string, options: OpenOptions & SaveOptions = {}): Promise<ManifestSummary> {
    return await (await this.#seeding()).pin(text, options)
  }

  async unpin (text: string): Promise<ManifestSummary> {
    return await (await this.#seeding()).unpin(text)
  }

  async purge (what: string | { readonly tag: string }, options: PurgeOptions = {}): Promise<PurgeResult[]> {
    this.#assertRunning()
    const { purge } = await import('./purging/purge.js')
    return await purge(what, options, {
      parts: this.#parts,
      self: this.peerId,
      contents: this.#own,
      open: async link => await this.open(link),
      linger: content => { this.#farewells.later(() => { void content.close() }) }
    })
  }

  async collect ({ keep }: { keep?: Size | undefined } = {}): Promise<Collected> {
    this.#assertRunning()
    return await this.#parts.store.collect({ keep: keep === undefined ? undefined : parseSize(keep, 'keep') })
  }

  async revoke (list: string): Promise<boolean> {
    this.#assertRunning()
    return await this.#parts.engine.revoke(list)
  }

  /**
   * Seeds what earlier runs published: in the background, each content with its own failure.
   *
   * @param unpinned those of which the store did not even have the manifest
   */
  restore (seeds: readonly ContentRecord[], unpinned: readonly ContentRecord[]): void {
    if (seeds.length > 0) this.#restored = this.#seeding().then(seeding => seeding.restore(seeds, unpinned))
  }

  /** Most nodes, and nearly all pages, neither publish nor pin. */
  async #seeding (): Promise<Seeding> {
    this.#assertRunning()
    this.#seeds ??= import('./seeding.js').then(({ Seeding }) => new Seeding(this.#parts, {
      addrs: () => this.addrs,
      entry: name => this.#entries.get(name),
      open: async (opening, signal) => await this.#opened(opening, signal),
      openLink: async (text, options) => await this.open(text, options),
      restored: async () => { await this.#restored },
      withdrawn: detail => { this.dispatchEvent(new CustomEvent('store:withdrawn', { detail })) },
      report: (error, doing) => {
        if (this.#stopped === undefined) this.dispatchEvent(new CustomEvent('error', { detail: { error, doing } }))
      }
    }))
    return await this.#seeds
  }

  async open (text: string, options: OpenOptions = {}): Promise<OpenContent> {
    this.#assertRunning()
    const link = parseLink(text)
    // said now, and not when the manifest is there
    if (options.origins !== undefined) (await this.#origins())(options.origins, undefined, () => {})
    const origins = [...options.origins ?? [], ...link.origins]
    const opening = { link, text, origins, mode: options.mode ?? this.#parts.config.mode, overlay: options.overlay }
    // a head that was known once is likely an old one
    if (link.kind === 'publisher') return await this.#opened(opening, options.signal)
    const known = await this.#parts.library.get(link.manifest)
    const content = await this.#opened({ ...opening, head: known === undefined ? undefined : envelopeOf(known) }, options.signal)
    if (known === undefined) await this.#parts.library.put(recordOf(content.manifest, { seed: false, files: [], tenant: link.tenant }))
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
      this.#farewells.stop()
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
      if (entry.ended !== undefined) throw entry.ended
      handles.add(handle)
      return handle
    } finally {
      entry.waiting--
      unused()
    }
  }

  async #start (opening: Opening, entry: Entry): Promise<SharedContent> {
    const { link, text, origins, mode, overlay, head } = opening
    const { config, engine, store, platform, library, bootstrap, network, clock } = this.#parts
    // the other modes do not ask what the device can afford
    if (mode === 'auto') await (this.#watching ??= platform.watchDevice?.(affordable => { engine.afford(affordable) }, clock))
    const { signal } = entry.abort
    let bases: readonly string[] = []
    const moves = new Moves(clock)
    const tell = emitter(() => [...entry.handles, this])
    const emit: Emit = (name, detail) => {
      tell(name, detail)
      if (name === 'manifest:update') moves.moved()
    }
    const { swarm: publicId, of } = link.kind === 'manifest'
      ? { swarm: await swarmIdOf(link.manifest), of: { root: CID.parse(link.manifest).multihash.digest } }
      : await (await import('./live/open-live.js')).openLive(link, library, emit, signal)
    const { tenant } = link
    const { swarm, token } = tenant === undefined
      ? { swarm: publicId }
      : await (await import('./hidden-swarm.js')).hiddenSwarm({ tenant, publicId, link: text, self: this.peerId }, config)
    const purge = await knownPurge(library, swarm)
    if (purge?.all === true) throw new PurgedError(`${nameOf(link)} was purged by its publisher${purge.reason === '' ? '' : `: ${purge.reason}`}`)
    const originOf = await this.#origins()
    signal.throwIfAborted()
    const opened: OpenSwarm = entry.swarm = engine.open({
      swarm,
      purge,
      purged: async list => await recordPurge(list, { swarm, manifest: await opened.manifest() }, this.#parts),
      ended: error => { this.#end(nameOf(link), error) },
      link: text,
      mode,
      overlay,
      of,
      token,
      hints: hintsOf(link.addrs),
      head,
      emit,
      origin: manifest => {
        const origin = originOf([...origins, ...manifest.origins], manifest, emit)
        bases = origin?.bases ?? []
        return origin
      }
    })
    // with nobody to ask, and nothing known, there is no point in waiting for an answer
    const reached = head === undefined && link.addrs.length === 0 ? bootstrap.reach() : Promise.resolve()
    const hopeless = reached.catch((error: unknown) => {
      if (network.getConnections().length === 0) throw error
    }).then(() => new Promise<never>(() => {}))
    const manifest = await Promise.race([opened.manifest(signal), hopeless])
    if (tenant !== undefined && manifest.policy.token !== tenant) {
      throw new ManifestError(`expected a content that asks for a token of ${tenant}, as its link says, got one that does not`)
    }
    moves.moved()
    const content = { link: text, manifest, origins: bases, swarm: opened, store, platform, moves, clock }
    entry.own = new OpenContent(content, () => {})
    return content
  }

  /** Makes sources over HTTP out of base URLs: loaded with the first content. @throws ConfigError of what it makes: a URL that is none */
  async #origins (): Promise<(bases: readonly string[], manifest: Manifest | undefined, emit: Emit) => Origin | undefined> {
    const { clock, random } = this.#parts
    const { createOrigin } = await import('@shoal/origin')
    return (bases, manifest, emit) => bases.length === 0
      ? undefined
      : createOrigin({
        bases,
        singleFile: manifest?.summary.kind === 'file',
        significantQuery: manifest?.policy.significantQuery,
        clock,
        random,
        onfailure: ({ url, error }) => { emit('error', { error, doing: `fetching from the origin ${url}` }) }
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
      this.#totals.add(own.stats)
      void own.close()
    }
    abort.abort(reason)
    swarm?.close()
  }

  /** Its publisher has taken back all of it. */
  #end (name: string, error: Error): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    const { handles, swarm, own } = entry
    entry.ended = error
    // who published it goes on telling those who come
    if (own?.summary.publisher === this.peerId && swarm !== undefined) {
      delete entry.swarm
      this.#farewells.later(() => { swarm.close() })
    }
    void this.#seeds?.then(seeding => { seeding.ended(name) })
    for (const handle of [...handles]) handle.end(error)
    this.#leave(name, error)
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
