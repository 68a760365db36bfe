import { TypedEventEmitter } from 'main-event'
import type { Content, ContentEvents, Policy, ReadOptions, SourceKind } from '@shoal/interface'
import type { LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats } from 'hls.js'

export const BASE = 'https://cdn.example.com/show/'

export interface StubRead { readonly path: string, readonly options: ReadOptions }

/** A content whose reads are scripted: what is not used of the interface is not there. */
export class StubContent extends TypedEventEmitter<ContentEvents> {
  readonly reads: StubRead[] = []
  readonly offers: { readonly path: string, readonly bytes: Uint8Array, readonly start: number }[] = []
  readonly files: Map<string, Uint8Array>
  policy: Policy = {}
  source: SourceKind = 'peer'
  /** Fail a read after this many bytes. */
  breakAfter = Infinity
  /** Never deliver. */
  silent = false

  constructor (files: ReadonlyMap<string, Uint8Array>) {
    super()
    this.files = new Map(files)
  }

  async * read (path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    this.reads.push({ path, options })
    const file = this.files.get(path)
    if (file === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ERR_NOT_FOUND' })
    if (this.silent) await new Promise((_resolve, reject) => { options.signal?.addEventListener('abort', () => { reject(new Error('aborted')) }) })
    const bytes = file.subarray(options.start ?? 0, options.end ?? file.length)
    for (let at = 0; at < bytes.length; at += 100) {
      if (at >= this.breakAfter) throw new Error('the swarm is gone')
      await Promise.resolve()
      yield bytes.subarray(at, at + 100)
    }
    const { source } = this
    this.safeDispatchEvent('segment', {
      detail: { content: 'shoal:x', path, bytes: bytes.length, source, sources: [{ kind: source, bytes: bytes.length }], ms: 1, reason: 'peers' }
    })
  }

  offer (path: string, bytes: Uint8Array, { start = 0 }: { start?: number } = {}): Promise<number> {
    this.offers.push({ path, bytes: bytes.slice(), start })
    return Promise.resolve(bytes.length)
  }

  asContent (): Content {
    return this as unknown as Content
  }
}

export interface StubOrigin {
  readonly fetch: typeof globalThis.fetch
  readonly asked: Request[]
  /** Answers for requests still to come, in order; when used up: 200 or 206 with the file's bytes. */
  readonly answers: (() => Response | Promise<Response>)[]
}

export function stubOrigin (files: ReadonlyMap<string, Uint8Array>): StubOrigin {
  const asked: Request[] = []
  const answers: StubOrigin['answers'] = []
  return {
    asked,
    answers,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      asked.push(request)
      const signal = request.signal
      const scripted = answers.shift()
      if (scripted !== undefined) {
        const aborted = new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => { reject(new DOMException('aborted', 'AbortError')) })
        })
        return await Promise.race([scripted(), aborted])
      }
      const file = files.get(new URL(request.url).pathname.replace('/show/', ''))
      if (file === undefined) return new Response('nothing here', { status: 404, statusText: 'Not Found' })
      const range = /bytes=(\d+)-(\d*)/.exec(request.headers.get('Range') ?? '')
      if (range === null) return new Response(file.slice(), { headers: { 'Content-Length': String(file.length), Age: '12' } })
      const part = file.slice(Number(range[1]), range[2] === '' ? undefined : Number(range[2]) + 1)
      return new Response(part, { status: 206, headers: { 'Content-Length': String(part.length) } })
    }
  }
}

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
