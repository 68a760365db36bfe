import type { ManualClock } from '@shoal/base'
import type { ShakaLibrary, ShakaOperation, ShakaPlayer, ShakaResponse, ShakaSchemePlugin } from '../src/shaka/types.js'

/** `shaka.util.Error`: what comes behind the category is its data. */
export class ShakaStubError extends Error {
  static readonly Severity = { RECOVERABLE: 1 }
  static readonly Category = { NETWORK: 1 }
  static readonly Code = { BAD_HTTP_STATUS: 1001, HTTP_ERROR: 1002, OPERATION_ABORTED: 7001 }
  readonly severity: number
  readonly category: number
  readonly code: number
  readonly data: unknown[]
  constructor (severity: number, category: number, code: number, ...data: unknown[]) {
    super(`Shaka Error ${code}`)
    this.severity = severity
    this.category = category
    this.code = code
    this.data = data
  }

  get status (): number {
    return this.code === ShakaStubError.Code.BAD_HTTP_STATUS ? this.data[1] as number : 0
  }
}

class Operation implements ShakaOperation {
  readonly promise: Promise<ShakaResponse>
  readonly #onabort: () => Promise<unknown>
  constructor (promise: Promise<ShakaResponse>, onabort: () => Promise<unknown>) {
    this.promise = promise
    this.#onabort = onabort
  }

  async abort (): Promise<unknown> {
    return await this.#onabort()
  }
}

export interface ShakaStub {
  readonly shaka: ShakaLibrary
  readonly player: ShakaPlayer
  /** As its networking engine does: filters, then the scheme's plugin. `rate`: bytes per ms by its progress events. */
  request (uri: string, type: number, context: object, headers?: Record<string, string>, over?: object): {
    operation: ShakaOperation, rate (): number | undefined, progress: [ms: number, bytes: number][]
  }
}

/** As much of Shaka as an adapter meets, over a stubbed `fetch`. */
export function shakaStub (fetch: typeof globalThis.fetch, clock: ManualClock, element: HTMLMediaElement | null = null): ShakaStub {
  const schemes = new Map<string, ShakaSchemePlugin>()
  const filters = new Set<(type: number, request: object, context?: object) => void>()
  const parse: ShakaSchemePlugin = (uri, request: { method: string, headers: Record<string, string> }, type, progress, headersReceived) => {
    const stop = new AbortController()
    const run = async (): Promise<ShakaResponse> => {
      let response: Response
      let bytes = new Uint8Array()
      try {
        response = await fetch(uri, { method: request.method, headers: request.headers, signal: stop.signal })
        headersReceived(Object.fromEntries(response.headers))
        let last = clock.now()
        const reader = (response.body as ReadableStream<Uint8Array>).getReader()
        for (;;) {
          const { done, value } = await reader.read()
          if (done) break
          progress(clock.now() - last, value.length, 0)
          last = clock.now()
          bytes = new Uint8Array([...bytes, ...value])
        }
      } catch (error) {
        const { OPERATION_ABORTED, HTTP_ERROR } = ShakaStubError.Code
        throw new ShakaStubError(1, 1, stop.signal.aborted ? OPERATION_ABORTED : HTTP_ERROR, uri, error, type)
      }
      if (!response.ok) throw new ShakaStubError(1, 1, ShakaStubError.Code.BAD_HTTP_STATUS, uri, response.status)
      const { status } = response
      return { uri, originalUri: uri, data: bytes.buffer, status, headers: Object.fromEntries(response.headers), originalRequest: request }
    }
    return new Operation(run(), async () => { stop.abort() })
  }
  schemes.set('https', parse)
  const shaka: ShakaLibrary = {
    net: {
      NetworkingEngine: {
        registerScheme (scheme, plugin) { schemes.set(scheme, plugin) },
        RequestType: { MANIFEST: 0, SEGMENT: 1 },
        AdvancedRequestType: { INIT_SEGMENT: 0 }
      },
      HttpFetchPlugin: { parse }
    },
    util: { AbortableOperation: Operation, Error: ShakaStubError }
  }
  const player: ShakaPlayer = {
    getMediaElement: () => element,
    getNetworkingEngine: () => ({
      registerRequestFilter (filter) { filters.add(filter as never) },
      unregisterRequestFilter (filter) { filters.delete(filter as never) }
    })
  }
  return {
    shaka,
    player,
    request (uri, type, context, headers = {}, over = {}) {
      const request = { uris: [uri], method: 'GET', headers, retryParameters: { timeout: 30_000 }, ...over }
      for (const filter of filters) filter(type, request, context)
      const progress: [number, number][] = []
      const plugin = schemes.get('https') as ShakaSchemePlugin
      const onprogress = (ms: number, bytes: number): void => { progress.push([ms, bytes]) }
      const operation = plugin(uri, request, type, onprogress, () => {}, { minBytesForProgressEvents: 0 }) as ShakaOperation
      // as its estimator does it, which takes no heed of what came in no time
      const rate = (): number | undefined => {
        const seen = progress.filter(([, bytes]) => bytes > 0)
        const ms = seen.reduce((sum, [ms]) => sum + ms, 0)
        return seen.length === 0 ? undefined : seen.reduce((sum, [, bytes]) => sum + bytes, 0) / Math.max(1, ms)
      }
      return { operation, rate, progress }
    }
  }
}
