import { Replies, type Clock, type Port, type Reply } from '@shoal/base'
import { ORIGIN_TIMEOUT_MS, PATIENCE_MS } from '../core/defaults.js'
import { Intake } from '../core/intake.js'
import { LoadFailure, asError, reasonOf } from '../core/failure.js'
import { readContent } from '../core/read.js'
import { withQuery, type ContentSource } from '../core/source.js'
import { headOf } from './head.js'
import type { Content } from '@shoal/interface'
import type { ByteRange } from '../core/range.js'
import type { FallbackReason } from '../core/types.js'
import type { ServiceWorkerOptions } from './types.js'
import type { ToPage, ToWorker } from './protocol.js'

const DEFAULT_DEADLINE_MS = 2_000
/** Requests under way; the network has those above. */
const LOADS_MAX = 256
const PLAYLIST = /\.(m3u8?|mpd)$/i

interface What {
  readonly id: number
  readonly url: string
  readonly path: string
  readonly range: ByteRange | undefined
  readonly patience: number | undefined
  readonly playlist: boolean
}

/** Answers one worker over one port. */
export class PageSide {
  readonly #port: Port
  readonly #source: ContentSource
  readonly #options: Omit<ServiceWorkerOptions, 'base'>
  readonly #clock: Clock
  readonly #loads = new Replies(LOADS_MAX)

  constructor (port: Port, source: ContentSource, options: Omit<ServiceWorkerOptions, 'base'>, clock: Clock) {
    this.#port = port
    this.#source = source
    this.#options = options
    this.#clock = clock
    port.onmessage = (event: MessageEvent<ToPage>) => { this.#hear(event.data) }
  }

  end (): void {
    for (const id of this.#loads.end()) this.#say({ type: 'broken', id, reason: 'the page serves no longer' })
    this.#port.close()
  }

  #say (message: ToWorker, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer)
  }

  #hear (message: ToPage): void {
    if (message.type === 'ask') void this.#answer(message)
    else if (message.type === 'got') this.#share(message)
    else this.#loads.hear(message)
  }

  /** What the network gave this page: others can have it from here. */
  #share ({ url, start, bytes }: ToPage & { type: 'got' }): void {
    const path = this.#source.pathOf(url, false)
    if (path === undefined || isPlaylist(url)) return
    const intake = new Intake(() => this.#clock.now())
    intake.add(new Uint8Array(bytes), bytes.byteLength)
    this.#source.share(path, url, intake, start)
  }

  async #answer ({ id, url, range, last }: ToPage & { type: 'ask' }): Promise<void> {
    const playlist = isPlaylist(url)
    const path = this.#source.pathOf(url, false)
    if (path !== undefined && playlist && !last) void this.#source.keep(path, url)
    // of playlists the origin's may be newer; and what begins before the content is open does not wait for it
    if (path === undefined || (!last && (playlist || this.#source.content === undefined))) {
      this.#say({ type: 'pass', id })
      // the network has what the page begins with: the node may start behind it
      if (path !== undefined && !playlist) this.#source.begun()
      if (path !== undefined) void this.#source.open()
      return
    }
    // the network has failed
    if (last) this.#source.begun()
    const load = this.#loads.begin(id)
    if (load === undefined) { this.#say({ type: 'pass', id }); return }
    this.#say({ type: 'wait', id })
    try {
      const content = last ? await this.#source.within(ORIGIN_TIMEOUT_MS) : this.#source.content
      if (content === undefined) { this.#say({ type: 'pass', id }); return }
      if (last) this.#tell(url, path, 'origin', 'origin-failed', undefined)
      await this.#deliver(content, { id, url, path, range, patience: last ? ORIGIN_TIMEOUT_MS : undefined, playlist }, load)
    } finally {
      this.#loads.done(id)
    }
  }

  async #deliver (content: Content, what: What, load: Reply): Promise<void> {
    const { id, url, patience } = what
    const { deadline = DEFAULT_DEADLINE_MS } = this.#options
    const { signal } = load.stop
    const path = withQuery(what.path, url, content)
    const start = this.#clock.now()
    let begun = false
    let bytes = 0
    try {
      const head = headOf(await this.#inTime(content.stat(path, { signal, deadline }), patience ?? PATIENCE_MS, path), what.range)
      const begin = (): void => {
        if (begun) return
        begun = true
        this.#say({ type: 'head', id, status: head.status, headers: head.headers })
      }
      if (head.status !== 416) {
        // the head of a live content may have been waited for
        const left = Math.max(0, deadline - (this.#clock.now() - start))
        const request = { content, path, start: head.start, end: head.end, deadline: left, patience, clock: this.#clock, signal }
        await readContent(request, async piece => {
          // the first piece decides: after the head there is no other answer
          begin()
          bytes += piece.byteLength
          await load.room()
          if (signal.aborted) return
          // a verified block is nobody's to give away
          const copy = piece.slice().buffer
          this.#say({ type: 'piece', id, bytes: copy }, [copy])
        })
      }
      begin()
      this.#say({ type: 'end', id })
      this.#options.onrequest?.({ url, path: what.path, type: what.playlist ? 'playlist' : 'file', via: 'shoal', bytes, ms: this.#clock.now() - start })
    } catch (error) {
      // nobody listens any more
      if (signal.aborted) return
      this.#tell(url, what.path, 'shoal', reasonOf(error), error)
      this.#say(begun ? { type: 'broken', id, reason: asError(error).message } : { type: 'pass', id })
    }
  }

  /** A page of the manifest may have to come first. */
  async #inTime<T> (promise: Promise<T>, ms: number, path: string): Promise<T> {
    let cancel = (): void => {}
    const late = new Promise<never>((_resolve, reject) => {
      cancel = this.#clock.after(ms, () => { reject(new LoadFailure(`nothing is known of ${path} within ${ms} ms`, 0, true)) })
    })
    try {
      return await Promise.race([promise, late])
    } finally {
      cancel()
    }
  }

  #tell (url: string, path: string, from: 'shoal' | 'origin', reason: FallbackReason, error: unknown): void {
    this.#options.onfallback?.({
      url, path, from, to: from === 'shoal' ? 'origin' : 'shoal', reason, error: error === undefined ? undefined : asError(error)
    })
  }
}

function isPlaylist (url: string): boolean {
  return PLAYLIST.test(url.replace(/[?#].*$/s, ''))
}
