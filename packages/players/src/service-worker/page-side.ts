import { ORIGIN_TIMEOUT_MS, PATIENCE_MS } from '../core/defaults.js'
import { LoadFailure, asError, reasonOf } from '../core/failure.js'
import { readContent } from '../core/read.js'
import { withQuery, type ContentSource } from '../core/source.js'
import { headOf } from './head.js'
import type { Clock } from '@shoal/base'
import type { Content } from '@shoal/interface'
import type { ByteRange } from '../core/range.js'
import type { FallbackReason } from '../core/types.js'
import type { ServiceWorkerOptions } from './types.js'
import type { Port, ToPage, ToWorker } from './protocol.js'

const DEFAULT_DEADLINE_MS = 2_000
const PLAYLIST = /\.(m3u8?|mpd)$/i

interface What {
  readonly id: number
  readonly url: string
  readonly path: string
  readonly range: ByteRange | undefined
  readonly patience: number | undefined
  readonly playlist: boolean
}

/** One request under way. */
class Load {
  readonly stop = new AbortController()
  #room: (() => void) | undefined
  #pulls = 0

  pull (): void {
    this.#pulls++
    this.#room?.()
  }

  /** Resolves when the worker has asked for one more piece. */
  async room (): Promise<void> {
    while (this.#pulls === 0) await new Promise<void>(resolve => { this.#room = resolve })
    this.#pulls--
  }
}

/** Answers one worker over one port. */
export class PageSide {
  readonly #port: Port
  readonly #source: ContentSource
  readonly #options: Omit<ServiceWorkerOptions, 'base'>
  readonly #clock: Clock
  readonly #loads = new Map<number, Load>()

  constructor (port: Port, source: ContentSource, options: Omit<ServiceWorkerOptions, 'base'>, clock: Clock) {
    this.#port = port
    this.#source = source
    this.#options = options
    this.#clock = clock
    port.onmessage = (event: MessageEvent<ToPage>) => { this.#hear(event.data) }
  }

  end (): void {
    for (const [id, { stop }] of this.#loads) {
      this.#say({ type: 'broken', id, reason: 'the page serves no longer' })
      stop.abort()
    }
    this.#port.close()
  }

  #say (message: ToWorker, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer)
  }

  #hear (message: ToPage): void {
    const load = this.#loads.get(message.id)
    if (message.type === 'pull') load?.pull()
    else if (message.type === 'cancel') load?.stop.abort()
    else void this.#answer(message)
  }

  async #answer ({ id, url, range, last }: ToPage & { type: 'ask' }): Promise<void> {
    const playlist = PLAYLIST.test(url.replace(/[?#].*$/s, ''))
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
    this.#say({ type: 'wait', id })
    const load = new Load()
    this.#loads.set(id, load)
    try {
      const content = last ? await this.#source.within(ORIGIN_TIMEOUT_MS) : this.#source.content
      if (content === undefined) { this.#say({ type: 'pass', id }); return }
      if (last) this.#tell(url, path, 'origin', 'origin-failed', undefined)
      await this.#deliver(content, { id, url, path, range, patience: last ? ORIGIN_TIMEOUT_MS : undefined, playlist }, load)
    } finally {
      this.#loads.delete(id)
    }
  }

  async #deliver (content: Content, what: What, load: Load): Promise<void> {
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
