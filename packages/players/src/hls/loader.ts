import { deadlineOf, shows, type Beginning } from './deadline.js'
import { FIRST_FRAME_MS, FIRST_FRAME_POLL_MS, ORIGIN_RESERVE_MIN_MS, ORIGIN_RESERVE_MS, ORIGIN_RESERVE_TIMES } from './defaults.js'
import { LoadFailure, retryDelay } from './policy.js'
import { fromContent, fromOrigin } from './requests.js'
import type { Clock } from '@shoal/base'
import type { Content, SourceKind } from '@shoal/interface'
import type { FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats } from 'hls.js'
import type { Pace } from './pace.js'
import { withQuery, type ContentSource } from './source.js'
import type { FallbackReason, HlsLoaderOptions } from './types.js'

interface Shared {
  readonly source: ContentSource
  readonly pace: Pace
  readonly clock: Clock
  readonly options: HlsLoaderOptions
}

/** Where the bytes of one load stand. */
class Intake {
  chunks: Uint8Array[] = []
  length = 0
  /** Bytes handed to hls.js in pieces: they cannot be taken back, so another source goes on behind them. */
  handed = 0

  add (bytes: Uint8Array): void {
    this.chunks.push(bytes)
    this.length += bytes.length
  }

  copy (): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.length)
    let at = 0
    for (const chunk of this.chunks) { all.set(chunk, at); at += chunk.length }
    return all
  }

  take (): ArrayBuffer {
    const all = this.copy()
    this.clear()
    return all.buffer
  }

  clear (): void {
    this.chunks = []
    this.length = 0
  }
}

/** The loader class of one player: hls.js makes an instance of it for each request. */
export function createLoaderClass ({ source, pace, clock, options }: Shared): new (config: HlsConfig) => Loader<LoaderContext> {
  const beginning: Beginning = {}
  return class ShoalLoader implements Loader<LoaderContext> {
    context: LoaderContext | null = null
    stats: LoaderStats = {
      aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0,
      loading: { start: 0, first: 0, end: 0 }, parsing: { start: 0, end: 0 }, buffering: { start: 0, first: 0, end: 0 }
    }

    readonly #hls: Pick<HlsConfig, 'fetchSetup'>
    readonly #stop = new AbortController()
    #callbacks: LoaderCallbacks<LoaderContext> | null = null
    #response: Response | null = null

    constructor (config: HlsConfig) {
      this.#hls = config
    }

    load (context: LoaderContext, loading: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
      if (this.stats.loading.start !== 0) throw new Error('Loader can only be used once.')
      this.stats.loading.start = clock.now()
      this.context = context
      this.#callbacks = callbacks
      void this.#run(context, loading)
    }

    abort (): void {
      this.#halt()
      const { context } = this
      if (context !== null) this.#callbacks?.onAbort?.(this.stats, context, this.#response)
    }

    destroy (): void {
      this.#callbacks = null
      this.#halt()
      this.context = null
    }

    getCacheAge (): number | null {
      const age = this.getResponseHeader('age')
      return age === null ? null : parseFloat(age)
    }

    getResponseHeader (name: string): string | null {
      return this.#response?.headers.get(name) ?? null
    }

    #halt (): void {
      if (this.stats.loading.end === 0) this.stats.aborted = true
      this.#stop.abort()
    }

    async #run (context: LoaderContext, loading: LoaderConfiguration): Promise<void> {
      const fragment = 'frag' in context
      const path = source.pathOf(context.url, !fragment)
      const deadline = deadlineOf(context, options.media, beginning)
      const intake = new Intake()
      const started = { at: this.stats.loading.start }
      for (;;) {
        try {
          const from = await this.#once(context, loading, { fragment, path, deadline, intake })
          if (!this.#stop.signal.aborted) this.#succeed(context, loading, { fragment, path, deadline, intake, from, started: started.at })
          return
        } catch (error) {
          if (this.#stop.signal.aborted) return
          const failure = error instanceof LoadFailure ? error : new LoadFailure(error instanceof Error ? error.message : String(error), 0)
          const policy = failure.timeout ? loading.loadPolicy.timeoutRetry : loading.loadPolicy.errorRetry
          const delay = retryDelay(policy, this.stats.retry, failure, context.url)
          if (delay === undefined) { this.#fail(context, failure); return }
          this.stats.retry++
          await new Promise<void>(resolve => { clock.after(delay, resolve) })
          if (this.#stop.signal.aborted) return
        }
      }
    }

    /** One try: the preferred source, then the other. Resolves with the source of most bytes and whether Shoal was asked. */
    async #once (context: LoaderContext, loading: LoaderConfiguration, what: Load): Promise<From> {
      const { fragment, path } = what
      const content = path === undefined ? undefined : await this.#contentFor(context, what)
      this.#stop.signal.throwIfAborted()
      if (fragment && content !== undefined && path !== undefined) {
        try {
          return await this.#throughShoal(content, context, loading, path, what)
        } catch (error) {
          if (this.#stop.signal.aborted) throw error
          this.#fallBack(context.url, path, 'shoal', error)
        }
      }
      try {
        return await this.#fromOrigin(context, loading, what)
      } catch (error) {
        if (this.#stop.signal.aborted || path === undefined) throw error
        source.begun()
        // the origin is gone: worth waiting for a content that is still being opened, or for slow peers
        const { maxLoadTimeMs } = loading.loadPolicy
        const last = await source.within(maxLoadTimeMs)
        if (last === undefined || this.#stop.signal.aborted) throw error
        this.#fallBack(context.url, path, 'origin', error)
        try {
          return await this.#throughShoal(last, context, loading, path, { ...what, patience: maxLoadTimeMs })
        } catch {
          throw error
        }
      }
    }

    /**
     * The content if it is open, or opens in time: as long as the origin would still be in time after it. A guessed deadline is no reason
     * to wait.
     */
    async #contentFor (context: LoaderContext, { fragment, deadline }: Load): Promise<Content | undefined> {
      if (!fragment || source.content !== undefined || options.media === undefined) { void source.open(); return source.content }
      const careful = Math.max(ORIGIN_RESERVE_MS, (context as FragmentLoaderContext).frag.duration * 500)
      const reserve = Math.min(careful, Math.max(ORIGIN_RESERVE_MIN_MS, ORIGIN_RESERVE_TIMES * (source.originMs ?? Infinity)))
      return await source.within(deadline - reserve)
    }

    async #throughShoal (content: Content, context: LoaderContext, loading: LoaderConfiguration, path: string, what: Load): Promise<From> {
      this.#fresh(what.intake)
      const start = (context.rangeStart ?? 0) + what.intake.handed
      const end = context.rangeEnd === undefined || context.rangeEnd === 0 ? undefined : context.rangeEnd
      const { signal } = this.#stop
      const { deadline, patience } = what
      const located = withQuery(path, context.url, content)
      const request = { content, path: located, start: start === 0 ? undefined : start, end, deadline, patience, clock, signal }
      const kind = await fromContent(request, bytes => { this.#take(bytes, 0, context, loading, what.intake) })
      return { kind, via: 'shoal', url: context.url, status: end === undefined ? 200 : 206 }
    }

    async #fromOrigin (context: LoaderContext, loading: LoaderConfiguration, what: Load): Promise<From> {
      this.#fresh(what.intake)
      const fetcher = options.fetch ?? globalThis.fetch.bind(globalThis)
      const request = { context, loading, config: this.#hls, skip: what.intake.handed, fetch: fetcher, clock, signal: this.#stop.signal }
      this.#response = await fromOrigin(request, (bytes, total) => { this.#take(bytes, total, context, loading, what.intake) })
      return { kind: 'origin', via: 'origin', url: this.#response.url || context.url, status: this.#response.status }
    }

    /** A source begins: what the one before it left is dropped, but for what hls.js has already. */
    #fresh (intake: Intake): void {
      intake.clear()
      this.stats.loaded = intake.handed
      this.stats.loading.first = 0
    }

    #take (bytes: Uint8Array, total: number, context: LoaderContext, loading: LoaderConfiguration, intake: Intake): void {
      if (this.#stop.signal.aborted) return
      const { stats } = this
      if (stats.loading.first === 0) stats.loading.first = Math.max(clock.now(), stats.loading.start)
      stats.loaded += bytes.length
      stats.total = Math.max(total, stats.total, stats.loaded)
      intake.add(bytes)
      const onProgress = this.#callbacks?.onProgress
      const enough = loading.highWaterMark ?? 0
      if (onProgress !== undefined && Number.isFinite(enough) && intake.length >= enough) {
        intake.handed += intake.length
        onProgress(stats, context, intake.take(), this.#response)
      }
    }

    #succeed (context: LoaderContext, loading: LoaderConfiguration, done: Load & { from: From, started: number }): void {
      const { stats } = this
      const { intake, from, fragment } = done
      const end = clock.now()
      const onProgress = this.#callbacks?.onProgress
      const pieces = onProgress !== undefined && Number.isFinite(loading.highWaterMark ?? 0)
      stats.total = stats.loaded
      const first = stats.loading.first === 0 ? end : stats.loading.first
      const measured = { bytes: stats.loaded, start: done.started, first, end, onTime: end - done.started <= done.deadline }
      Object.assign(stats.loading, fragment
        ? pace.report({ ...measured, duration: (context as FragmentLoaderContext).frag.duration, source: from.kind })
        : { first, end: Math.max(end, first) })
      options.onrequest?.({ url: context.url, path: done.path, type: fragment ? 'fragment' : 'playlist', via: from.via, bytes: stats.loaded, ms: end - done.started })
      if (fragment) {
        if (from.via === 'origin') source.originMs = end - done.started
        if ((context as FragmentLoaderContext).frag.sn !== 'initSegment') void this.#begun()
      }
      if (from.via === 'origin' && done.path !== undefined) {
        if (fragment) source.share(done.path, context.url, intake.copy(), (context.rangeStart ?? 0) + intake.handed)
        else void source.keep(done.path, context.url)
      }
      if (pieces && intake.length > 0) onProgress(stats, context, intake.take(), this.#response)
      const buffer = intake.take()
      if (!pieces) onProgress?.(stats, context, buffer, this.#response)
      let data: string | ArrayBuffer | object = buffer
      if (context.responseType !== 'arraybuffer') {
        const text = new TextDecoder().decode(buffer)
        try {
          data = context.responseType === 'json' ? JSON.parse(text) as object : text
        } catch (error) {
          this.#fail(context, new LoadFailure(`no JSON at ${context.url}: ${(error as Error).message}`, 0))
          return
        }
      }
      this.#callbacks?.onSuccess({ url: from.url, data, code: from.status }, stats, context, this.#response)
    }

    /** What starts behind the first frame starts when that can be shown, or will not be for a while. */
    async #begun (): Promise<void> {
      for (let left = FIRST_FRAME_MS; left > 0 && !shows(options.media); left -= FIRST_FRAME_POLL_MS) {
        await new Promise<void>(resolve => { clock.after(FIRST_FRAME_POLL_MS, resolve) })
      }
      source.begun()
    }

    #fail (context: LoaderContext, failure: LoadFailure): void {
      const callbacks = this.#callbacks
      this.#halt()
      if (failure.timeout) callbacks?.onTimeout(this.stats, context, this.#response)
      else callbacks?.onError({ code: failure.status, text: failure.message }, context, failure.response, this.stats)
    }

    #fallBack (url: string, path: string, from: 'shoal' | 'origin', error: unknown): void {
      const reason: FallbackReason = from === 'origin'
        ? 'origin-failed'
        : error instanceof LoadFailure && error.timeout ? 'stalled' : (error as { code?: unknown }).code === 'ERR_NOT_FOUND' ? 'not-found' : 'failed'
      options.onfallback?.({ url, path, from, to: from === 'shoal' ? 'origin' : 'shoal', reason, error: error instanceof Error ? error : new Error(String(error)) })
    }
  }
}

interface Load {
  readonly fragment: boolean
  readonly path: string | undefined
  readonly deadline: number
  readonly intake: Intake
  /** How long Shoal may stay silent when there is nobody else to ask. */
  readonly patience?: number
}

interface From {
  /** Where most of the bytes came from. */
  readonly kind: SourceKind
  readonly via: 'shoal' | 'origin'
  /** The URL that answered, after redirects. */
  readonly url: string
  readonly status: number
}
