import type { PrivateKey } from '@libp2p/interface'
import type { Clock } from '@shoal/base'
import type { Sequence, WindowEntry } from '@shoal/content/live'
import {
  blockRefs, boundariesOf, buildHead, readPresentation, segmentFiles, type BuiltHead, type MediaPlaylist, type Named
} from '@shoal/content/publishing'
import type { BlockStore, Policy } from '@shoal/interface'
import { Shelf } from './shelf.js'
import type { LiveSource } from './source.js'

/** Between two looks: half a target duration, within these bounds; the first of them until there is a playlist. */
const LOOK_MIN_MS = 200
const LOOK_MAX_MS = 10_000
const LOOK_FIRST_MS = 500
/** After something changed in a folder, so that one look sees all that is written at once. */
const SETTLE_MS = 50
/** A head that names what has left stands for so many target durations, if nothing new comes. */
const STALE_TARGETS = 2
/** Playlists that one presentation may have. */
const MAX_PLAYLISTS = 256
/** Segment numbers per second of an epoch: more than any presentation needs, so that the next epoch begins beyond this one's. */
const NUMBERS_PER_SECOND = 256
const NUMBERS_END = 2 ** 31

export interface FollowerInit {
  readonly source: LiveSource
  readonly name: string
  readonly origins: readonly string[]
  readonly policy: Policy
  readonly epoch: number
  readonly key: PrivateKey
  readonly store: BlockStore
  readonly clock: Clock
  /** A head to give out. The first comes as soon as a media playlist has been read. */
  readonly onhead: (head: Uint8Array) => void
  /** Something could not be read or published; it is tried again. */
  readonly onerror: (error: Error) => void
}

interface Look {
  readonly media: readonly MediaPlaylist[]
  /** Paths that count now. */
  readonly listed: Set<string>
}

/** Reads the playlists of a live presentation again and again, and says in a head what there is. */
export class Follower {
  readonly #init: FollowerInit
  readonly #shelf: Shelf
  readonly #abort = new AbortController()
  readonly #text = new TextDecoder()
  /** What each media playlist said when all that it lists was there last. */
  readonly #counted = new Map<string, MediaPlaylist>()
  /** Paths that no window has room for, or that are not there any more, as long as they are listed. */
  readonly #left = new Set<string>()
  /** What was not there when a playlist that vouches for nothing was read last. */
  readonly #absent = new Map<string, ReadonlySet<string>>()
  /** What the last head says is no longer so. */
  #due = true
  /** The last head names what has left. */
  #stale = false
  #saidAt = -Infinity
  #sequence: Sequence
  /** The last head. */
  #before: BuiltHead | undefined
  #cancel = (): void => {}
  #unwatch = (): void => {}
  #looking = false
  #again = false
  #ended = false
  #told = ''

  constructor (init: FollowerInit) {
    this.#init = init
    this.#sequence = { epoch: init.epoch, counter: -1 }
    this.#shelf = new Shelf(Math.floor(init.epoch * NUMBERS_PER_SECOND / 1000) % NUMBERS_END)
  }

  start (): void {
    this.#unwatch = this.#init.source.watch?.(() => { this.#arm(SETTLE_MS) }) ?? this.#unwatch
    void this.#look()
  }

  stop (): void {
    this.#abort.abort(new Error('not followed any more'))
    this.#cancel()
    this.#unwatch()
  }

  #arm (ms: number): void {
    if (this.#abort.signal.aborted || this.#ended) return
    if (this.#looking) {
      this.#again = true
      return
    }
    this.#cancel()
    this.#cancel = this.#init.clock.after(ms, () => { void this.#look() })
  }

  async #look (): Promise<void> {
    this.#looking = true
    this.#again = false
    let target: number | undefined
    try {
      const look = await this.#readAll()
      target = Math.min(...look.media.map(({ targetMs }) => targetMs))
      await this.#give(look)
      this.#told = ''
    } catch (error) {
      const { message } = error as Error
      // a source that is down is told once, not with every look
      if (!this.#abort.signal.aborted && message !== this.#told) this.#init.onerror(error as Error)
      this.#told = message
    } finally {
      this.#looking = false
    }
    if (this.#ended) this.stop()
    const pause = target === undefined || target === Infinity ? LOOK_FIRST_MS : Math.min(LOOK_MAX_MS, Math.max(LOOK_MIN_MS, target / 2))
    this.#arm(this.#again ? SETTLE_MS : pause)
  }

  /** Takes in what is new of all playlists. */
  async #readAll (): Promise<Look> {
    const { source, clock, policy: { significantQuery: significant = [] } } = this.#init
    const media: MediaPlaylist[] = []
    const listed = new Set<string>()
    const queue: Named[] = (await source.playlists()).map(uri => ({ uri, path: decodeURIComponent(uri.split('?')[0] as string) }))
    for (let i = 0; i < Math.min(queue.length, MAX_PLAYLISTS); i++) {
      const { uri, path } = queue[i] as Named
      const bytes = await source.read(uri, this.#abort.signal)
      const playlist = bytes === undefined
        ? undefined
        : await readPresentation(this.#text.decode(bytes), path, { uri, significant }, clock.wall())
      if (playlist?.kind === 'master') {
        for (const named of playlist.playlists) if (!queue.some(other => other.path === named.path)) queue.push(named)
      } else if (playlist?.kind === 'media' && await this.#takeFiles(path, playlist)) {
        this.#counted.set(path, playlist)
      }
      const counted = this.#counted.get(path)
      if (counted !== undefined) {
        media.push(counted)
        for (const file of counted.files) listed.add(file.path)
      }
      // one that lists what cannot be read yet does not count, and the version before it goes on to
      const counts = playlist?.kind === 'master' || (playlist !== undefined && counted === playlist)
      if (bytes !== undefined && counts) await this.#add({ path, uri }, bytes, { playlist: true })
      if (this.#shelf.find(path) !== undefined) listed.add(path)
    }
    return { media, listed }
  }

  /** Whether all that it cannot do without is there; another file that is gone stays left out. */
  async #takeFiles (playlist: string, { files, required }: MediaPlaylist): Promise<boolean> {
    const { source } = this.#init
    const missing = files.filter(({ path }) => this.#shelf.find(path) === undefined && !this.#left.has(path))
    const bytes = new Map<Named, Uint8Array>()
    // without these nothing of this playlist counts
    for (const file of required.filter(file => missing.includes(file))) {
      const read = await source.read(file.uri, this.#abort.signal)
      if (read === undefined) return false
      bytes.set(file, read)
    }
    const absent: Named[] = []
    for (const file of missing) {
      const { rendition = playlist, duration } = file
      const read = bytes.get(file) ?? await source.read(file.uri, this.#abort.signal)
      if (read === undefined) absent.push(file)
      else await this.#add(file, read, { playlist: false, rendition, duration })
    }
    if (required.length === 0) this.#giveUp(playlist, files, absent)
    return true
  }

  /** Where segments are counted off by the clock, one that is still not there although a later one is will not come. */
  #giveUp (playlist: string, files: readonly Named[], absent: readonly Named[]): void {
    for (const { path, rendition } of absent.filter(({ path }) => this.#absent.get(playlist)?.has(path))) {
      const later = files.slice(files.findIndex(file => file.path === path))
      if (later.some(file => file.rendition === rendition && this.#shelf.find(file.path) !== undefined)) this.#left.add(path)
    }
    this.#absent.set(playlist, new Set(absent.map(({ path }) => path)))
  }

  async #add (
    { path, pieces = [] }: Named, bytes: Uint8Array, more: { playlist: boolean, rendition?: string, duration?: number | undefined }
  ): Promise<void> {
    const { store, clock, policy: { ttl } } = this.#init
    const boundaries = boundariesOf(pieces, bytes.byteLength, part => this.#shelf.find(part)?.size)
    const entry = { path, size: bytes.byteLength, cutting: { method: 'fixed' as const, boundaries }, async * stream () { yield bytes } }
    const onblock = async (block: Parameters<typeof store.put>[0]): Promise<void> => { await store.put(block, { ttl }) }
    for await (const { size, leaves, offsets, cid } of segmentFiles([entry], { onblock, signal: this.#abort.signal })) {
      const digest = leaves.byteLength > 32 ? cid.multihash.digest : undefined
      const { duration, rendition, playlist } = more
      if (!this.#shelf.add({ path, size, leaves, offsets, digest, duration, rendition, playlist }, clock.now())) continue
      this.#due = true
      for (const ref of blockRefs({ size, leaves, offsets })) store.pin(ref.digest)
    }
  }

  /** Says what there is now, if that is not what was said last. */
  async #give ({ media, listed }: Look): Promise<void> {
    if (media.length === 0) return
    const { name, origins, policy, key, store, clock, onhead } = this.#init
    const targetMs = Math.max(...media.map(({ targetMs }) => targetMs))
    const keepMs = Math.max(...media.map(({ lengthMs }) => lengthMs))
    const gone = this.#shelf.sweep(listed, clock.now(), { keepMs, targetMs })
    for (const entry of gone) this.#release(entry)
    for (const path of this.#left) if (!listed.has(path)) this.#left.delete(path)
    const ended = media.every(playlist => playlist.ended)
    this.#due ||= ended !== this.#ended
    this.#stale ||= gone.length > 0
    // what has left is said with what comes next, if something does: there would be twice the heads, most of an old playlist's end
    if (!this.#due && !(this.#stale && clock.now() - this.#saidAt >= STALE_TARGETS * targetMs)) return
    const sequence = { ...this.#sequence, counter: this.#sequence.counter + 1 }
    const window = { origins, policy, targetMs, ended, entries: this.#shelf.entries }
    const built = await buildHead({ name, sequence, window, key, before: this.#before })
    const { head, block, left } = built
    for (const entry of left) {
      this.#shelf.drop(entry)
      this.#release(entry)
      this.#left.add(entry.path)
    }
    // the engine asks for a window that is not in its head, and finds it here
    await store.put(block)
    this.#sequence = sequence
    this.#before = built
    this.#ended = ended
    this.#due = this.#stale = false
    this.#saidAt = clock.now()
    onhead(head)
  }

  #release (entry: WindowEntry): void {
    for (const { digest } of blockRefs(entry)) this.#init.store.unpin(digest)
  }
}
