import { ORIGIN_TIMEOUT_MS } from '../core/defaults.js'
import { statusOf, type Ask, type Deliverer } from '../core/deliverer.js'
import { Intake } from '../core/intake.js'
import { parseRange } from '../core/range.js'
import { ShownXhr } from './shown-xhr.js'
import type { RequestType } from '../core/types.js'
import type { Vhs, VhsCallback, VhsOptions, VhsXhr, VhsXhrFunction } from './types.js'

const TYPES: Readonly<Record<string, RequestType>> = {
  'segment': 'fragment',
  'segment-media-initialization': 'fragment',
  'dash-sidx': 'fragment',
  'hls-playlist': 'playlist',
  'dash-manifest': 'playlist'
}

/** The origin's answer is an error, which VHS is told as it stands. */
class OriginError extends Error {
  override readonly cause: unknown
  readonly request: VhsXhr
  constructor (cause: unknown, request: VhsXhr) {
    super('the origin failed')
    this.cause = cause
    this.request = request
  }
}

/** The requests of one source of a player. */
export class VhsLoads {
  readonly #deliverer: Deliverer
  readonly #vhs: Vhs

  constructor (deliverer: Deliverer, vhs: Vhs) {
    this.#deliverer = deliverer
    this.#vhs = vhs
  }

  /** A proxy, for hooks are set on the function itself. */
  wrap (xhr: VhsXhrFunction): VhsXhrFunction {
    return new Proxy(xhr, {
      apply: (_target, _self, [options, callback]: [VhsOptions, VhsCallback]) => {
        const ask = this.#asked(options)
        return ask === undefined ? xhr(options, callback) : this.#load(ask, options, callback, xhr)
      }
    })
  }

  #load (ask: Ask, options: VhsOptions, callback: VhsCallback, xhr: VhsXhrFunction): VhsXhr {
    const { clock } = this.#deliverer
    const stop = new AbortController()
    let under: VhsXhr | undefined
    const shown = new ShownXhr(options, clock.wall(), () => {
      stop.abort()
      under?.abort()
    })
    const origin = async (): Promise<VhsXhr> => await new Promise<VhsXhr>((resolve, reject) => {
      shown.requestTime = clock.wall()
      under = xhr(options, (error, request) => {
        // videojs-xhr says nothing after an abort, others do
        if (error === null || error === undefined) resolve(request)
        else reject(new OriginError(error, request))
      })
      under.addEventListener('progress', event => { if (!stop.signal.aborted) shown.progress(event as ProgressEvent) })
    })
    void this.#run(ask, origin, shown, stop.signal).then(error => {
      if (stop.signal.aborted) return
      callback(error, shown)
      shown.end()
    })
    return shown
  }

  /** Fills `shown`; resolves with what VHS should know as the error. */
  async #run (ask: Ask, origin: () => Promise<VhsXhr>, shown: ShownXhr, signal: AbortSignal): Promise<unknown> {
    const { clock } = this.#deliverer
    const intake = new Intake(() => clock.now())
    const start = clock.now()
    try {
      const from = await this.#deliverer.once(ask, intake, async (_skip, sink) => {
        const request = await origin()
        const { response } = request
        sink(response instanceof ArrayBuffer ? new Uint8Array(response) : new TextEncoder().encode(request.responseText), 0)
        return request
      }, signal)
      const end = clock.now()
      const times = this.#deliverer.settle(ask, from, intake, { start, first: intake.first ?? end, end })
      if (from.via === 'origin') shown.become(from.answer)
      else shown.fill(intake.take(), statusOf(ask), ask.url, Math.max(1, times.end - times.start), clock.wall())
      return null
    } catch (error) {
      if (!(error instanceof OriginError)) return error
      shown.become(error.request)
      return error.cause
    }
  }

  #asked ({ uri, method = 'GET', requestType = '', headers, timeout = 0, beforeSend }: VhsOptions): Ask | undefined {
    const type = TYPES[requestType]
    if (type === undefined || method !== 'GET' || beforeSend !== undefined) return undefined
    const path = this.#deliverer.source.pathOf(uri, type === 'playlist')
    const range = parseRange(headers?.['Range'])
    if (path === undefined || range === 'unknown') return undefined
    const duration = requestType === 'segment' ? this.#durationOf(uri) : 0
    return {
      url: uri,
      type,
      media: requestType === 'segment',
      path,
      start: range?.start ?? 0,
      end: range?.end,
      duration,
      // VHS asks for what comes behind the buffer
      ...this.#deliverer.timing(duration > 0 ? { start: undefined, duration } : undefined),
      lastMs: timeout > 0 ? timeout : ORIGIN_TIMEOUT_MS
    }
  }

  #durationOf (uri: string): number {
    const media = this.#vhs.playlists?.media?.()
    const segments = media?.segments?.flatMap(segment => [segment, ...segment.parts ?? []]) ?? []
    return segments.find(({ resolvedUri }) => resolvedUri === uri)?.duration ?? media?.targetDuration ?? 0
  }
}
