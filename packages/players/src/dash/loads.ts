import { ORIGIN_TIMEOUT_MS } from '../core/defaults.js'
import { statusOf, type Ask, type Deliverer, type Origin } from '../core/deliverer.js'
import { LoadFailure } from '../core/failure.js'
import { Intake } from '../core/intake.js'
import { parseRange } from '../core/range.js'
import type { Times } from '../core/pace.js'
import type { DashLoader, DashRequest, DashResponse } from './types.js'

const FRAGMENTS = new Set(['MediaSegment', 'InitializationSegment', 'IndexSegment', 'BitstreamSwitchingSegment'])

/** The requests of one player. */
export class DashLoads {
  readonly #deliverer: Deliverer
  /** Of requests that Shoal answered: how long dash.js should think that they took. */
  readonly #shown = new WeakMap<DashRequest, Times>()

  constructor (deliverer: Deliverer) {
    this.#deliverer = deliverer
  }

  /** One of dash.js' loaders, with Shoal before it. */
  extend (parent: DashLoader): DashLoader {
    // dash.js puts what is returned here into `parent` itself
    const own = { ...parent }
    const running = new Set<DashRequest>()
    const abortAll = (): void => { for (const request of running) request.customData.abort?.() }
    return {
      load: (request, response) => {
        const ask = this.#asked(request)
        if (ask === undefined) return own.load(request, response)
        running.add(request)
        void this.#run(ask, request, response, own).finally(() => { running.delete(request) })
        return true
      },
      abort: request => {
        if (request === undefined || !running.has(request)) own.abort(request)
        else request.customData.abort?.()
      },
      reset () { abortAll(); own.reset() },
      resetInitialSettings () { abortAll(); own.resetInitialSettings?.() }
    }
  }

  /** Before dash.js measures a response: what Shoal delivered took as long as `Pace` says. */
  timed (response: DashResponse): DashResponse {
    const times = this.#shown.get(response.request)
    const { request } = response.request.customData
    if (times === undefined || !(request.endDate instanceof Date)) return response
    const end = request.endDate.getTime()
    request.startDate = new Date(end - (times.end - times.start))
    request.firstByteDate = new Date(end - (times.end - times.first))
    return response
  }

  async #run (ask: Ask, request: DashRequest, response: DashResponse, own: DashLoader): Promise<void> {
    const { clock } = this.#deliverer
    const { customData } = request
    const stop = new AbortController()
    let under: (() => void) | undefined
    customData.abort = () => {
      stop.abort()
      if (under === undefined) customData.onabort?.()
      else under()
    }
    const origin: Origin<undefined> = async (_skip, sink, signal) => {
      const { abort, onloadend } = customData
      try {
        await new Promise<void>(resolve => {
          customData.onloadend = resolve
          own.load(request, response)
          under = customData.abort
          customData.abort = abort
          signal.addEventListener('abort', () => { resolve() })
        })
      } finally {
        under = undefined
        // dash.js takes its own off when it aborts
        customData.onloadend = signal.aborted ? undefined : onloadend
      }
      const { status = 0, data } = response
      if (status < 200 || status > 299) throw new LoadFailure(`the origin answered ${status}`, status)
      const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : new TextEncoder().encode(String(data))
      sink(bytes, bytes.length)
    }
    const intake = new Intake(() => clock.now())
    const start = clock.now()
    try {
      const from = await this.#deliverer.once(ask, intake, origin, stop.signal)
      const end = clock.now()
      const times = this.#deliverer.settle(ask, from, intake, { start, first: intake.first ?? end, end })
      if (from.via === 'shoal') this.#answer(ask, request, response, intake, times)
    } catch {
      // the origin's failure is in `response`, and dash.js judges by that
    }
    if (!stop.signal.aborted) customData.onloadend?.()
  }

  #answer (ask: Ask, request: DashRequest, response: DashResponse, intake: Intake, times: Times): void {
    const { onprogress } = request.customData
    const total = intake.loaded
    const buffer = intake.take()
    response.url = request.url
    response.status = statusOf(ask)
    response.statusText = 'OK'
    response.headers = {}
    response.data = request.responseType === 'arraybuffer' ? buffer : new TextDecoder().decode(buffer)
    if (ask.type !== 'fragment') return
    this.#shown.set(request, times)
    // its estimate goes by what comes after the first event
    onprogress?.({ lengthComputable: true, loaded: 0, total, time: Math.max(1, times.first - times.start) })
    onprogress?.({ lengthComputable: true, loaded: total, total, time: Math.max(1, times.end - times.first) })
  }

  #asked ({ url, method, headers, timeout = 0, customData: { request } }: DashRequest): Ask | undefined {
    const fragment = FRAGMENTS.has(request.type ?? '')
    if (method !== 'GET' || !(fragment || request.type === 'MPD')) return undefined
    const path = this.#deliverer.source.pathOf(url, !fragment)
    const range = parseRange(headers?.['Range'])
    if (path === undefined || range === 'unknown') return undefined
    const { startTime, duration = NaN } = request
    const place = request.type === 'MediaSegment' && duration > 0 ? { start: startTime, duration } : undefined
    return {
      url,
      type: fragment ? 'fragment' : 'playlist',
      media: request.type === 'MediaSegment',
      path,
      start: range?.start ?? 0,
      end: range?.end,
      duration: place?.duration ?? 0,
      ...this.#deliverer.timing(place),
      lastMs: timeout > 0 ? timeout : ORIGIN_TIMEOUT_MS
    }
  }
}
