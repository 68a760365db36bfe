import { ORIGIN_TIMEOUT_MS } from '../core/defaults.js'
import { statusOf, type Ask, type Deliverer, type Delivered, type Origin } from '../core/deliverer.js'
import { Intake } from '../core/intake.js'
import { parseRange } from '../core/range.js'
import type { ShakaContext, ShakaLibrary, ShakaOperation, ShakaProgress, ShakaRequest, ShakaResponse, ShakaSchemePlugin } from './types.js'

/** Shaka gives a connection up that shows no progress for some seconds. While Shoal still has time it hears once per this. */
const SIGN_OF_LIFE_MS = 1_000

/** The requests of one player, as a scheme plugin loads them. */
export class SchemeLoads {
  readonly #shaka: ShakaLibrary
  readonly #deliverer: Deliverer
  readonly #http: ShakaSchemePlugin

  constructor (shaka: ShakaLibrary, deliverer: Deliverer, http: ShakaSchemePlugin) {
    this.#shaka = shaka
    this.#deliverer = deliverer
    this.#http = http
  }

  /** Segments, manifests and playlists. */
  covers (type: number): boolean {
    const { MANIFEST, SEGMENT } = this.#shaka.net.NetworkingEngine.RequestType
    return type === MANIFEST || type === SEGMENT
  }

  /** The plugin for one request, of which its filter has told the context. */
  plugin (context: ShakaContext | undefined): ShakaSchemePlugin {
    return (uri, request: ShakaRequest, type, progress, ...rest) => {
      const http = (): ShakaOperation => this.#http(uri, request, type, progress, ...rest) as ShakaOperation
      const ask = this.#asked(uri, request, type, context)
      return ask === undefined ? http() : this.#load(ask, request, type, progress, http)
    }
  }

  #load (ask: Ask, request: ShakaRequest, type: number, progress: ShakaProgress, http: () => ShakaOperation): unknown {
    const stop = new AbortController()
    let under: ShakaOperation | undefined
    const origin: Origin<ShakaResponse> = async (_skip, sink) => {
      under = http()
      const response = await under.promise
      const { data } = response
      sink(ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data), data.byteLength)
      return response
    }
    return new this.#shaka.util.AbortableOperation(
      this.#run(ask, request, origin, progress, stop.signal).catch((error: unknown) => {
        throw stop.signal.aborted ? this.#aborted(ask.url, type) : error
      }),
      async () => { stop.abort(); await under?.abort() })
  }

  async #run (
    ask: Ask, request: ShakaRequest, origin: Origin<ShakaResponse>, progress: ShakaProgress, signal: AbortSignal
  ): Promise<ShakaResponse> {
    const { clock } = this.#deliverer
    const intake = new Intake(() => clock.now())
    let start = clock.now()
    let quiet = this.#signs(progress, signal)
    let from: Delivered<ShakaResponse>
    try {
      from = await this.#deliverer.once(ask, intake, async (...args) => {
        quiet()
        start = clock.now()
        try {
          return await origin(...args)
        } catch (error) {
          // what follows is Shoal again
          quiet = this.#signs(progress, signal)
          throw error
        }
      }, signal)
    } finally {
      quiet()
    }
    const end = clock.now()
    const times = this.#deliverer.settle(ask, from, intake, { start, first: intake.first ?? end, end })
    // of the origin's bytes Shaka's plugin has told all
    if (from.via === 'origin') return from.answer
    const data = intake.take()
    const timeMs = times.end - times.start
    if (ask.type === 'fragment') progress(timeMs, data.byteLength, 0)
    const status = statusOf(ask)
    return { uri: ask.url, originalUri: ask.url, data, status, headers: {}, timeMs, fromCache: false, originalRequest: request }
  }

  #asked (uri: string, request: ShakaRequest, type: number, context: ShakaContext | undefined): Ask | undefined {
    const { RequestType: { SEGMENT }, AdvancedRequestType: { INIT_SEGMENT } } = this.#shaka.net.NetworkingEngine
    const fragment = type === SEGMENT
    const path = this.#deliverer.source.pathOf(uri, !fragment)
    const range = parseRange(request.headers?.['Range'] ?? request.headers?.['range'])
    if (path === undefined || range === 'unknown') return undefined
    const init = context?.type === INIT_SEGMENT
    const segment = init ? undefined : context?.segment ?? undefined
    const start = segment?.getStartTime()
    const duration = segment === undefined ? 0 : segment.getEndTime() - segment.getStartTime()
    const place = segment === undefined ? undefined : { start, duration }
    const timeout = request.retryParameters?.timeout ?? 0
    return {
      url: uri,
      type: fragment ? 'fragment' : 'playlist',
      media: fragment && !init,
      path,
      start: range?.start ?? 0,
      end: range?.end,
      duration,
      ...this.#deliverer.timing(place),
      lastMs: timeout > 0 ? timeout : ORIGIN_TIMEOUT_MS
    }
  }

  /** Tells Shaka that nothing is stuck, in a way that no estimate sees; returns what ends it. */
  #signs (progress: ShakaProgress, signal: AbortSignal): () => void {
    const { clock } = this.#deliverer
    let cancel = (): void => {}
    const again = (): void => {
      cancel = clock.after(SIGN_OF_LIFE_MS, () => {
        if (signal.aborted) return
        progress(0, 0, 0)
        again()
      })
    }
    again()
    return () => { cancel() }
  }

  #aborted (uri: string, type: number): unknown {
    const { Error: ShakaError } = this.#shaka.util
    return new ShakaError(ShakaError.Severity.RECOVERABLE, ShakaError.Category.NETWORK, ShakaError.Code.OPERATION_ABORTED, uri, type)
  }
}
