import type { ManualClock } from '@shoal/base'
import type { DashLoader, DashPlayer, DashProgress, DashRequest, DashResponse } from '../src/dash/types.js'
import type { Got, Running } from './seat.js'

type Extension = (this: { parent: DashLoader }) => DashLoader

/** Its XHRLoader over a stubbed `fetch`. */
function xhrLoader (fetch: typeof globalThis.fetch): DashLoader {
  let stop = new AbortController()
  return {
    load (request, response) {
      stop = new AbortController()
      const mine = stop
      const { customData } = request
      // taken when the request is sent, as an XMLHttpRequest does
      const { onloadend, onprogress, onabort } = customData
      const run = async (): Promise<void> => {
        try {
          const answer = await fetch(request.url, { headers: request.headers ?? {}, signal: mine.signal })
          const chunks: number[] = []
          const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
          for (;;) {
            const { done, value } = await reader.read()
            if (done) break
            chunks.push(...value)
            onprogress?.({ lengthComputable: true, loaded: chunks.length, total: Number(answer.headers.get('content-length') ?? 0) })
          }
          const bytes = new Uint8Array(chunks)
          Object.assign(response, {
            url: request.url, status: answer.status, statusText: answer.statusText, headers: Object.fromEntries(answer.headers),
            data: request.responseType === 'arraybuffer' ? bytes.buffer : new TextDecoder().decode(bytes)
          })
        } catch {
          // status 0
        }
        if (!mine.signal.aborted) onloadend?.()
      }
      void run()
      customData.abort = () => { mine.abort(); onabort?.() }
      return true
    },
    abort () { stop.abort() },
    reset () { stop.abort() }
  }
}

interface Fragment {
  readonly type: string
  readonly responseType: string
  readonly startTime: number
  readonly duration: number
  readonly range: string | undefined
}

export interface DashStub {
  readonly player: DashPlayer
  /** As its HTTPLoader does it, without retries. */
  load (url: string, fragment: Fragment): Running
}

/** As much of dash.js as an adapter meets. */
export function dashStub (fetch: typeof globalThis.fetch, clock: ManualClock): DashStub {
  const extensions = new Map<string, Extension>()
  const interceptors: ((response: DashResponse) => Promise<DashResponse>)[] = []
  const player: DashPlayer = {
    extend (name, extension) { extensions.set(name, extension as Extension) },
    addResponseInterceptor (interceptor) { interceptors.push(interceptor) },
    getVideoElement: () => { throw new Error('not attached') }
  }
  return {
    player,
    load (url, { type, responseType, startTime, duration, range }) {
      const loader = xhrLoader(fetch)
      // FactoryMaker: what the extension returns overrides the loader's own
      Object.assign(loader, extensions.get('XHRLoader')?.apply({ parent: loader }))
      const { promise, resolve } = Promise.withResolvers<Got>()
      const startedAt = clock.wall()
      const none = null as Date | null
      const fragment = { type, startTime, duration, startDate: none, firstByteDate: none, endDate: none }
      const traces: { d: number, b: number }[] = []
      let [lastAt, lastLoaded] = [startedAt, 0]
      const end = async (aborted: boolean): Promise<void> => {
        fragment.startDate = new Date(startedAt)
        fragment.endDate = new Date(clock.wall())
        fragment.firstByteDate ??= fragment.startDate
        for (const intercept of interceptors) await intercept(response)
        const { status = 0, data } = response
        if (aborted) { resolve({ kind: 'abort' }); return }
        if (status < 200 || status > 299) { resolve({ kind: 'error', status }); return }
        // as its ThroughputModel does it for XHR
        const took = Math.max(1, traces.slice(1).reduce((sum, { d }) => sum + d, 0))
        const rate = traces.length < 2 ? undefined : traces.slice(1).reduce((sum, { b }) => sum + b, 0) / took
        resolve({ kind: 'success', status, bytes: data instanceof ArrayBuffer ? new Uint8Array(data) : new TextEncoder().encode(data as string), rate })
      }
      const request: DashRequest = {
        url,
        method: 'GET',
        responseType,
        headers: range === undefined ? {} : { Range: `bytes=${range}` },
        timeout: 20_000,
        customData: {
          request: fragment,
          onloadend: () => { void end(false) },
          onprogress: ({ loaded, time }: DashProgress) => {
            traces.push({ d: time ?? clock.wall() - lastAt, b: loaded - lastLoaded })
            lastAt = clock.wall()
            lastLoaded = loaded
          },
          onabort: () => { void end(true) }
        }
      }
      const response: DashResponse = { request, status: 0 }
      loader.load(request, response)
      return {
        done: promise,
        // as its HTTPLoader does it
        abort () {
          request.customData.onloadend = request.customData.onprogress = undefined
          request.customData.abort?.()
        }
      }
    }
  }
}
