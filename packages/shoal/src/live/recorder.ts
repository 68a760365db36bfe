import { raceSignal, significantQuery, type Clock } from '@shoal/base'
import { readVersion, Recording, relativeUri, type ListedSegment, type PlaylistVersion } from '@shoal/content/live'
import {
  ConfigError, NotFoundError, RetiredError, StoreError, UnavailableError, type BlockRef, type Manifest, type ReadOptions, type Segment
} from '@shoal/interface'

/** After nobody gave a segment, before it is asked for again. */
const RETRY_MS = 1_000
/** Least time to get a segment in, however short the stream's are. */
const LEAST_DEADLINE_MS = 2_000

/** Where playlists seem to come from, so that what they name elsewhere can be told. */
const HERE = 'http://content.invalid/here/'

/** Where a recording goes. Paths are those of a manifest. */
export interface RecordingFolder {
  /** Whether the file there has just these bytes; `undefined` when there is none. */
  holds (path: string, blocks: readonly BlockRef[]): Promise<boolean | undefined>
  read (path: string): Promise<string | undefined>
  write (path: string, text: string): Promise<void>
  /** Resolves when all of it is there. @throws what the chunks throw, StoreError, StoreFullError */
  save (path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>
}

/** A live content that is open. */
export interface Recorded {
  readonly link: string
  readonly manifest: Manifest
  /** Base URLs that its paths are served under. */
  readonly origins: readonly string[]
  readonly swarm: { read (segment: Segment, options: ReadOptions): AsyncIterable<Uint8Array> }
}

export interface RecorderHost extends Omit<Recorded, 'swarm'> {
  readonly folder: RecordingFolder
  readonly clock: Clock
  read (segment: Segment, options: ReadOptions): AsyncIterable<Uint8Array>
  /** Resolves when the window moves again. */
  moved (): Promise<void>
}

export interface RecordOptions {
  readonly signal: AbortSignal
  readonly onprogress?: ((done: number, total: number) => void) | undefined
}

/**
 * Saves a live content as it goes on: the segments that its HLS playlists list, and playlists that list all of them. These can be played at
 * any time; in the same folder another run goes on where this one ended.
 */
export class Recorder {
  readonly #host: RecorderHost
  readonly #options: RecordOptions
  readonly #recordings = new Map<string, Recording>()
  /** Newest version of each playlist that has been taken in. */
  readonly #taken = new Map<string, number>()
  /** Where each segment lies, by number. */
  readonly #places = new Map<number, Promise<string>>()
  /** Names that were given in this run, and to which segment. */
  readonly #names = new Map<string, string>()
  readonly #kinds = new Set<'hls' | 'dash'>()
  #bytes = 0

  constructor (host: RecorderHost, options: RecordOptions) {
    this.#host = host
    this.#options = options
  }

  /**
   * Resolves at the end of the stream.
   *
   * @throws ConfigError there is no HLS playlist, StoreFullError, StoreError, the signal's reason
   */
  async run (): Promise<void> {
    const { manifest, link } = this.#host
    const { signal } = this.#options
    for (;;) {
      const next = this.#host.moved()
      const ended = manifest.summary.live?.ended === true
      // of several versions the last is the newest
      const playlists = new Map<string, Segment>()
      for await (const segment of manifest.segments(signal)) if (segment.playlist === true) playlists.set(segment.path, segment)
      const all = await Promise.allSettled([...playlists.values()].map(async playlist => { await this.#take(playlist) }))
      for (const { reason } of all.filter(result => result.status === 'rejected')) throw reason
      if (this.#kinds.has('dash') && !this.#kinds.has('hls')) {
        throw new ConfigError(`${link} has no HLS playlist, and DASH is followed and played but not saved`)
      }
      if (ended) break
      await raceSignal(next, signal)
    }
    for (const [path, recording] of this.#recordings) await this.#host.folder.write(path, recording.text(true))
  }

  async #take (playlist: Segment): Promise<void> {
    const { folder } = this.#host
    const { path, index } = playlist
    if (this.#taken.get(path) === index) return
    const text = await this.#text(playlist)
    // a newer version has come, and is taken in with the next move
    if (text === undefined) return
    this.#taken.set(path, index)
    // one beside HLS playlists says the same in other words
    const dash = text.includes('<MPD')
    this.#kinds.add(dash ? 'dash' : 'hls')
    if (dash) return
    const version = readVersion(text)
    if (version === undefined) await folder.write(path, text)
    else await this.#record(path, version)
  }

  async #text (playlist: Segment): Promise<string | undefined> {
    const decoder = new TextDecoder()
    let text = ''
    try {
      for await (const bytes of this.#read(playlist)) text += decoder.decode(bytes, { stream: true })
    } catch (error) {
      if (error instanceof RetiredError) return undefined
      throw error
    }
    return text
  }

  /** Adds what is new in this version: what comes after the last that is there already. */
  async #record (path: string, version: PlaylistVersion): Promise<void> {
    const { folder } = this.#host
    let recording = this.#recordings.get(path)
    if (recording === undefined) this.#recordings.set(path, recording = new Recording(await folder.read(path)))
    const known = await this.#lastKnown(path, recording, version.segments)
    let gap = known === -1
    try {
      for (const segment of version.segments.slice(known + 1)) {
        const map = segment.map === undefined ? undefined : await this.#save(path, segment.map.uri)
        const uri = await this.#save(path, segment.uri)
        if (uri !== undefined) recording.add({ ...segment, key: this.#absolute(path, segment.key) }, { uri, map }, version, gap)
        gap = uri === undefined
      }
    } finally {
      await folder.write(path, recording.text(false))
    }
  }

  async #lastKnown (path: string, recording: Recording, segments: readonly ListedSegment[]): Promise<number> {
    for (let i = segments.length - 1; i >= 0; i--) {
      const { uri, range } = segments[i] as ListedSegment
      const found = await this.#find(path, uri)
      const place = found === undefined ? undefined : await this.#where(found)
      if (place !== undefined && recording.has(relativeUri(path, place), range)) return i
    }
    return -1
  }

  /** Saves what a playlist names, unless it is there; gives its URI in the recording, `undefined` when it is not to be had any more. */
  async #save (playlist: string, uri: string): Promise<string | undefined> {
    const { clock } = this.#host
    for (;;) {
      try {
        const segment = await this.#find(playlist, uri)
        return segment === undefined ? undefined : relativeUri(playlist, await this.#place(segment))
      } catch (error) {
        if (error instanceof RetiredError || error instanceof NotFoundError) return undefined
        if (!(error instanceof UnavailableError)) throw error
        this.#options.signal.throwIfAborted()
        await raceSignal(new Promise<void>(resolve => { clock.after(RETRY_MS, resolve) }), this.#options.signal)
      }
    }
  }

  async #find (playlist: string, uri: string): Promise<Segment | undefined> {
    const { manifest } = this.#host
    const base = new URL(playlist.split('/').map(encodeURIComponent).join('/'), HERE)
    const url = URL.canParse(uri, base) ? new URL(uri, base) : undefined
    if (url?.href.startsWith(HERE) !== true) return undefined
    const query = significantQuery(url.href, manifest.policy.significantQuery ?? [])
    try {
      return await manifest.find(decodeURIComponent(url.pathname.slice(new URL(HERE).pathname.length)) + query)
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof URIError) return undefined
      throw error
    }
  }

  /** Path of the file that has a segment's bytes, once it has them. */
  async #place (segment: Segment): Promise<string> {
    let placing = this.#places.get(segment.index)
    if (placing === undefined) {
      placing = this.#put(segment)
      this.#places.set(segment.index, placing)
      placing.catch(() => { this.#places.delete(segment.index) })
    }
    return await placing
  }

  /** Of one that is there already. */
  async #where (segment: Segment): Promise<string | undefined> {
    const { index, path, cid } = segment
    const placing = this.#places.get(index)
    if (placing !== undefined) return await placing
    const blocks = this.#blocks(segment)
    for (const name of [path, otherName(path, cid)]) if (await this.#holds(name, cid, blocks) === true) return name
    return undefined
  }

  /** A path that has other bytes, of an earlier segment, is left as it is. */
  async #put (segment: Segment): Promise<string> {
    const { path, cid, size } = segment
    const blocks = this.#blocks(segment)
    for (const name of [path, otherName(path, cid)]) {
      const holds = await this.#holds(name, cid, blocks)
      if (holds === false) continue
      this.#names.set(name, cid)
      try {
        if (holds === undefined) await this.#host.folder.save(name, this.#read(segment))
      } catch (error) {
        this.#names.delete(name)
        throw error
      }
      this.#bytes += size
      this.#options.onprogress?.(this.#bytes, Infinity)
      return name
    }
    throw new StoreError(`${JSON.stringify(path)} cannot be saved: files of that name with other bytes are in its way`)
  }

  /** Whether a file has, or is getting, these bytes; `undefined` when nothing of its name is there. */
  async #holds (name: string, cid: string, blocks: readonly BlockRef[]): Promise<boolean | undefined> {
    const holds = this.#names.has(name) ? undefined : await this.#host.folder.holds(name, blocks)
    const given = this.#names.get(name)
    return given === undefined ? holds : given === cid
  }

  #blocks ({ index, blocks }: Segment): BlockRef[] {
    return Array.from({ length: blocks }, (_, block) => this.#host.manifest.block(index, block))
  }

  #read (segment: Segment): AsyncIterable<Uint8Array> {
    const target = this.#host.manifest.summary.live?.target ?? 0
    return this.#host.read(segment, { signal: this.#options.signal, deadline: Math.max(LEAST_DEADLINE_MS, target * 1000) })
  }

  /** Keys are left to the origin. */
  #absolute (playlist: string, key: string | undefined): string | undefined {
    const [origin] = this.#host.origins
    if (key === undefined || origin === undefined) return key
    const base = new URL(playlist.split('/').map(encodeURIComponent).join('/'), origin)
    return key.replace(/\bURI="([^"]*)"/, (all, uri: string) => URL.canParse(uri, base) ? `URI="${new URL(uri, base).href}"` : all)
  }
}

/** `seg1.ts` → `seg1~k3x7q2ab.ts`. */
function otherName (path: string, cid: string): string {
  const [, stem, extension] = /^(.*?)(\.[^./]*)?$/s.exec(path) as unknown as [string, string, string | undefined]
  return `${stem}~${cid.slice(-8)}${extension ?? ''}`
}
