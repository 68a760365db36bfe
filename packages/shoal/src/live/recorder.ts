import { raceSignal, significantQuery, type Clock } from '@shoal/base'
import { readVersion, Recording, relativeUri, type ListedSegment, type PlaylistVersion } from '@shoal/content/live'
import { readAsHls } from '@shoal/content/publishing'
import {
  NotFoundError, RetiredError, StoreError, UnavailableError, type BlockRef, type Manifest, type ReadOptions, type Segment
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
 * Saves a live content as it goes on: the segments that its playlists list, and HLS playlists that list all of them. These can be played at
 * any time; in the same folder another run goes on where this one ended. An MPD is recorded as HLS, unless there is HLS beside it.
 */
export class Recorder {
  readonly #host: RecorderHost
  readonly #options: RecordOptions
  readonly #recordings = new Map<string, Recording>()
  /** Newest version of each playlist that has been read. */
  readonly #texts = new Map<string, { readonly index: number, readonly text: string }>()
  /** Where each segment lies, by number. */
  readonly #places = new Map<number, Promise<string>>()
  /** Names that were given in this run, and to which segment. */
  readonly #names = new Map<string, string>()
  #bytes = 0

  constructor (host: RecorderHost, options: RecordOptions) {
    this.#host = host
    this.#options = options
  }

  /**
   * Resolves at the end of the stream.
   *
   * @throws UnavailableError nothing was listed, StoreFullError, StoreError, the signal's reason
   */
  async run (): Promise<void> {
    const { manifest, link } = this.#host
    const { signal } = this.#options
    for (;;) {
      const next = this.#host.moved()
      const ended = manifest.summary.live?.ended === true
      // of several versions the last is the newest
      const playlists = new Map<string, Segment>()
      const window = new Map<number, string>()
      for await (const segment of manifest.segments(signal)) {
        window.set(segment.index, segment.cid)
        if (segment.playlist === true) playlists.set(segment.path, segment)
      }
      const hls = [...playlists.keys()].some(path => /\.m3u8?$/i.test(path))
      const all = await Promise.allSettled([...playlists.values()].map(async playlist => { await this.#take(playlist, hls) }))
      for (const { reason } of all.filter(result => result.status === 'rejected')) throw reason
      if (ended) break
      this.#forget(window)
      await raceSignal(next, signal)
    }
    if (this.#recordings.size === 0) throw new UnavailableError(`${link} is over, and listed nothing that could be saved`)
    for (const [path, recording] of this.#recordings) await this.#host.folder.write(path, recording.text(true))
  }

  /** What has left the window is looked up on the disk if it ever comes again. */
  #forget (window: ReadonlyMap<number, string>): void {
    const cids = new Set(window.values())
    for (const index of this.#places.keys()) if (!window.has(index)) this.#places.delete(index)
    for (const [name, cid] of this.#names) if (!cids.has(cid)) this.#names.delete(name)
  }

  /** @param hls there are HLS playlists: an MPD beside them says the same in other words */
  async #take (playlist: Segment, hls: boolean): Promise<void> {
    const { folder } = this.#host
    const { path, index } = playlist
    const before = this.#texts.get(path)
    const text = before?.index === index ? before.text : await this.#text(playlist)
    // a newer version has come, and is taken in with the next move
    if (text === undefined) return
    this.#texts.set(path, { index, text })
    if (text.includes('<MPD')) {
      // it may leave it to the clock what there is, so the same version says something else each time
      if (!hls) await this.#recordMpd(path, text)
    } else if (before?.index !== index) {
      const version = readVersion(text)
      if (version === undefined) await folder.write(path, text)
      else await this.#record(path, version)
    }
  }

  async #recordMpd (path: string, text: string): Promise<void> {
    const { master, media } = await readAsHls(text, path, this.#host.clock.wall())
    for (const [file, version] of media) await this.#record(file, version)
    if (media.size > 0) await this.#host.folder.write(`${path.replace(/\.mpd$/i, '')}.m3u8`, master)
  }

  async #text (playlist: Segment): Promise<string | undefined> {
    return await this.#insist(async () => {
      const decoder = new TextDecoder()
      let text = ''
      for await (const bytes of this.#read(playlist)) text += decoder.decode(bytes, { stream: true })
      return text
    })
  }

  /** Adds what is new in this version: what comes after the last that is there already. */
  async #record (path: string, version: PlaylistVersion): Promise<void> {
    const { folder } = this.#host
    let recording = this.#recordings.get(path)
    if (recording === undefined) this.#recordings.set(path, recording = new Recording(await folder.read(path)))
    const known = await this.#lastKnown(path, recording, version.segments)
    let gap = known === -1
    // what is listed last may not be there yet
    const end = 1 + await lastWhere(version.segments, async ({ uri }) => await this.#find(path, uri) !== undefined)
    try {
      for (const segment of version.segments.slice(known + 1, end)) {
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
    return await lastWhere(segments, async ({ uri, range }) => {
      const place = await this.#insist(async () => {
        const found = await this.#find(path, uri)
        return found === undefined ? undefined : await this.#where(found)
      })
      return place !== undefined && recording.has(relativeUri(path, place), range)
    })
  }

  /** Saves what a playlist names, unless it is there; gives its URI in the recording, `undefined` when it is not to be had any more. */
  async #save (playlist: string, uri: string): Promise<string | undefined> {
    return await this.#insist(async () => {
      const segment = await this.#find(playlist, uri)
      return segment === undefined ? undefined : relativeUri(playlist, await this.#place(segment))
    })
  }

  /** Tries again while nobody gives it; `undefined` once it has left the window. */
  async #insist<T> (get: () => Promise<T>): Promise<T | undefined> {
    const { clock } = this.#host
    for (;;) {
      try {
        return await get()
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
    // whoever needs it sees why it failed
    if (placing !== undefined) return await placing.catch(() => undefined)
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

/** Place of the last of these; −1 when it is none. */
async function lastWhere<T> (items: readonly T[], is: (item: T) => Promise<boolean>): Promise<number> {
  for (let i = items.length - 1; i >= 0; i--) if (await is(items[i] as T)) return i
  return -1
}
