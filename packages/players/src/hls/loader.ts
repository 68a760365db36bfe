import { statusOf, type Ask, type Deliverer, type Delivered, type Origin } from '../core/deliverer.js'
import { LoadFailure } from '../core/failure.js'
import { Intake } from '../core/intake.js'
import { fetchOrigin } from '../core/origin-fetch.js'
import { retryDelay } from './retry.js'
import { xhrOrigin } from './xhr-origin.js'
import type { FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats } from 'hls.js'
import type { HlsLoaderOptions } from './types.js'

/** The loader class of one player: hls.js makes an instance of it for each request. */
export function createLoaderClass (deliverer: Deliverer, options: HlsLoaderOptions): new (config: HlsConfig) => Loader<LoaderContext> {
  const { clock } = deliverer
  return class ShoalLoader implements Loader<LoaderContext> {
    context: LoaderContext | null = null
    stats: LoaderStats = {
      aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0,
      loading: { start: 0, first: 0, end: 0 }, parsing: { start: 0, end: 0 }, buffering: { start: 0, first: 0, end: 0 }
    }

    readonly #hls: Pick<HlsConfig, 'fetchSetup' | 'xhrSetup'>
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
      const ask = this.#asked(context, loading)
      const intake = new Intake(() => clock.now(), () => { this.#arrived(intake, context, loading) })
      const { signal } = this.#stop
      for (;;) {
        try {
          const from = await deliverer.once(ask, intake, this.#origin(ask, context, loading), signal)
          if (!signal.aborted) this.#succeed(context, loading, ask, intake, from)
          return
        } catch (error) {
          if (signal.aborted) return
          const failure = error instanceof LoadFailure ? error : new LoadFailure(error instanceof Error ? error.message : String(error), 0)
          const policy = failure.timeout ? loading.loadPolicy.timeoutRetry : loading.loadPolicy.errorRetry
          const delay = retryDelay(policy, this.stats.retry, failure, context.url)
          if (delay === undefined) { this.#fail(context, failure); return }
          this.stats.retry++
          await new Promise<void>(resolve => { clock.after(delay, resolve) })
          if (signal.aborted) return
        }
      }
    }

    #asked (context: LoaderContext, loading: LoaderConfiguration): Ask {
      const { url, rangeStart = 0, rangeEnd = 0 } = context
      const { frag, part } = context as Partial<FragmentLoaderContext>
      const media = frag === undefined || frag.sn === 'initSegment' ? undefined : part ?? frag
      return {
        url,
        type: frag === undefined ? 'playlist' : 'fragment',
        media: media !== undefined,
        path: deliverer.source.pathOf(url, frag === undefined),
        start: rangeStart,
        end: rangeEnd === 0 ? undefined : rangeEnd,
        duration: media?.duration ?? 0,
        ...deliverer.timing(media),
        lastMs: loading.loadPolicy.maxLoadTimeMs
      }
    }

    #origin (ask: Ask, context: LoaderContext, loading: LoaderConfiguration): Origin<Response> {
      const { maxTimeToFirstByteMs, maxLoadTimeMs } = loading.loadPolicy
      const { fetchSetup, xhrSetup } = this.#hls
      return async (skip, sink, signal) => {
        const request = {
          url: context.url,
          headers: context.headers as Record<string, string> | undefined,
          start: ask.start + skip,
          end: ask.end,
          firstMs: finite(maxTimeToFirstByteMs) ? maxTimeToFirstByteMs : maxLoadTimeMs,
          totalMs: maxLoadTimeMs,
          clock,
          signal
        }
        if (xhrSetup !== undefined && fetchSetup === undefined) {
          this.#response = await xhrOrigin({ ...request, setup: (xhr, url) => xhrSetup(xhr, url, context) }, sink)
          return this.#response
        }
        this.#response = await fetchOrigin({
          ...request,
          setup: fetchSetup === undefined ? undefined : init => fetchSetup(context, init),
          fetch: options.fetch ?? globalThis.fetch.bind(globalThis)
        }, sink)
        return this.#response
      }
    }

    #arrived (intake: Intake, context: LoaderContext, loading: LoaderConfiguration): void {
      if (this.#stop.signal.aborted) return
      this.#count(intake)
      const onProgress = this.#callbacks?.onProgress
      if (onProgress !== undefined && inPieces(loading) && intake.length >= (loading.highWaterMark ?? 0)) {
        onProgress(this.stats, context, intake.hand(), this.#response)
      }
    }

    #count (intake: Intake): void {
      const { stats } = this
      stats.loading.first = intake.first === undefined ? 0 : Math.max(intake.first, stats.loading.start)
      stats.loaded = intake.loaded
      stats.total = Math.max(intake.total, stats.loaded)
    }

    #succeed (context: LoaderContext, loading: LoaderConfiguration, ask: Ask, intake: Intake, from: Delivered<Response>): void {
      const { stats } = this
      this.#count(intake)
      stats.total = stats.loaded
      const end = Math.max(clock.now(), stats.loading.first)
      const first = stats.loading.first === 0 ? end : stats.loading.first
      Object.assign(stats.loading, deliverer.settle(ask, from, intake, { start: stats.loading.start, first, end }))
      const onProgress = this.#callbacks?.onProgress
      const pieces = onProgress !== undefined && inPieces(loading)
      if (pieces && intake.length > 0) onProgress(stats, context, intake.hand(), this.#response)
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
      const code = from.via === 'origin' ? from.answer.status : statusOf(ask)
      const url = from.via === 'origin' ? from.answer.url || context.url : context.url
      this.#callbacks?.onSuccess({ url, data, code }, stats, context, this.#response)
    }

    #fail (context: LoaderContext, failure: LoadFailure): void {
      const callbacks = this.#callbacks
      this.#halt()
      if (failure.timeout) callbacks?.onTimeout(this.stats, context, this.#response)
      else callbacks?.onError({ code: failure.status, text: failure.message }, context, failure.response, this.stats)
    }
  }
}

/** hls.js wants fragments as they come, and not only as a whole. */
function inPieces ({ highWaterMark = 0 }: LoaderConfiguration): boolean {
  return Number.isFinite(highWaterMark)
}

function finite (ms: number | undefined): ms is number {
  return ms !== undefined && ms > 0 && Number.isFinite(ms)
}
