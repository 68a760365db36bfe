import { BASE } from './stubs.js'
import type { LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats } from 'hls.js'

/** A load policy as hls.js gives it, without retries unless asked for. */
export function policy (over: Partial<LoaderConfiguration['loadPolicy']> = {}, highWaterMark = Infinity): LoaderConfiguration {
  const loadPolicy = { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 20_000, timeoutRetry: null, errorRetry: null, ...over }
  return { loadPolicy, timeout: 20_000, maxRetry: 0, retryDelay: 0, maxRetryDelay: 0, highWaterMark }
}

export interface Outcome {
  readonly kind: 'success' | 'error' | 'timeout' | 'abort'
  readonly stats: LoaderStats
  readonly data?: unknown
  readonly code?: number | undefined
  readonly url?: string
  readonly pieces: ArrayBuffer[]
}

/** Callbacks of hls.js as one promise; a second call to any of them is an error. */
export function outcome (progressive = false): { callbacks: LoaderCallbacks<LoaderContext>, done: Promise<Outcome> } {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  const pieces: ArrayBuffer[] = []
  let calls = 0
  const end = (result: Omit<Outcome, 'pieces'>): void => {
    if (++calls > 1) reject(new Error(`a second callback: ${result.kind}`))
    resolve({ ...result, pieces })
  }
  const onProgress: LoaderCallbacks<LoaderContext>['onProgress'] = (_stats, _context, data) => { pieces.push(data as ArrayBuffer) }
  const callbacks: LoaderCallbacks<LoaderContext> = {
    ...(progressive ? { onProgress } : {}),
    onSuccess: (response, stats) => { end({ kind: 'success', stats, data: response.data, code: response.code, url: response.url }) },
    onError: (error, _context, _details, stats) => { end({ kind: 'error', stats, code: error.code }) },
    onTimeout: stats => { end({ kind: 'timeout', stats }) },
    onAbort: stats => { end({ kind: 'abort', stats }) }
  }
  return { callbacks, done: promise }
}

export function fragmentContext (name: string, over: Record<string, unknown> = {}): LoaderContext {
  const frag = { sn: 3, start: 12, duration: 4, url: BASE + name }
  return { url: BASE + name, responseType: 'arraybuffer', type: 'media-fragment', frag, part: null, ...over } as unknown as LoaderContext
}

export function playlistContext (name: string): LoaderContext {
  return { url: BASE + name, responseType: '', type: 'manifest', level: null, id: null } as unknown as LoaderContext
}
