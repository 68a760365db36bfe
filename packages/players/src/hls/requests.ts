import { BLOCK_PATIENCE_MS, LAST_RESORT_MS, PATIENCE_MS } from './defaults.js'
import { LoadFailure } from './policy.js'
import type { Clock } from '@shoal/base'
import type { Content, SegmentDetail, SourceKind } from '@shoal/interface'
import type { HlsConfig, LoaderConfiguration, LoaderContext } from 'hls.js'

/** Takes bytes as they come. `total`: how many there will be, 0 when unknown. */
export type Sink = (bytes: Uint8Array, total: number) => void

/** Rejects with `failure` unless `feed` is called in time; `feed(ms)` gives it `ms` more, `stop()` ends it. */
function watchdog (clock: Clock, ms: number, onfire: () => void): { feed (ms: number): void, stop (): void } {
  let cancel = clock.after(ms, onfire)
  return {
    feed (more) { cancel(); cancel = clock.after(more, onfire) },
    stop () { cancel() }
  }
}

export interface OriginRequest {
  readonly context: LoaderContext
  readonly loading: LoaderConfiguration
  readonly config: Pick<HlsConfig, 'fetchSetup'>
  /** Bytes at the beginning that are there already. */
  readonly skip: number
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** One request to the origin under hls.js' time limits. Resolves with the response when the last byte has gone to `sink`. */
export async function fromOrigin (request: OriginRequest, sink: Sink): Promise<Response> {
  const { context, loading, skip, clock, signal } = request
  const abort = new AbortController()
  const onabort = (): void => { abort.abort() }
  signal.addEventListener('abort', onabort)
  const { maxTimeToFirstByteMs, maxLoadTimeMs } = loading.loadPolicy
  const startedAt = clock.now()
  let late = false
  const limit = watchdog(clock, finite(maxTimeToFirstByteMs) ? maxTimeToFirstByteMs : maxLoadTimeMs, () => { late = true; abort.abort() })
  try {
    const headers = new Headers(context.headers)
    const start = (context.rangeStart ?? 0) + skip
    const ranged = start > 0 || (context.rangeEnd ?? 0) > 0
    if (ranged) headers.set('Range', `bytes=${start}-${context.rangeEnd === undefined || context.rangeEnd === 0 ? '' : context.rangeEnd - 1}`)
    const init: RequestInit = { method: 'GET', mode: 'cors', credentials: 'same-origin', headers, signal: abort.signal }
    const asked = request.config.fetchSetup?.(context, init) ?? new Request(context.url, init)
    const response = await request.fetch(await asked)
    limit.feed(Math.max(0, maxLoadTimeMs - (clock.now() - startedAt)))
    if (!response.ok) throw new LoadFailure(response.statusText || `the origin answered ${response.status}`, response.status, false, response)
    // an origin without ranges sends everything: cut it here
    let drop = ranged && response.status === 200 ? start : 0
    let left = ranged && response.status === 200 && context.rangeEnd ? context.rangeEnd - start : Infinity
    const length = Number(response.headers.get('Content-Length') ?? 0)
    const total = length > 0 && drop === 0 ? length : 0
    if (response.body !== null) {
      const reader = response.body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        const kept = value.subarray(Math.min(drop, value.length)).subarray(0, left)
        drop -= Math.min(drop, value.length)
        left -= kept.length
        if (kept.length > 0) sink(kept, total)
      }
    }
    return response
  } catch (error) {
    if (late) throw new LoadFailure('the origin took longer than the load policy allows', 0, true)
    if (error instanceof LoadFailure) throw error
    throw new LoadFailure(error instanceof Error ? error.message : String(error), 0)
  } finally {
    limit.stop()
    signal.removeEventListener('abort', onabort)
  }
}

export interface ContentRequest {
  readonly content: Content
  readonly path: string
  readonly start: number | undefined
  readonly end: number | undefined
  readonly deadline: number
  /** How long it may stay silent. @default until shortly before the deadline */
  readonly patience?: number | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * One read through Shoal. Resolves with where most bytes came from, when the last one has gone to `sink`. Too long a
 * silence is a failure with `timeout` set.
 */
export async function fromContent (request: ContentRequest, sink: Sink): Promise<SourceKind> {
  const { content, path, clock, signal, deadline } = request
  const abort = new AbortController()
  let source: SourceKind = 'peer'
  const onsegment = (event: CustomEvent<SegmentDetail>): void => { if (event.detail.path === path) source = event.detail.source }
  content.addEventListener('segment', onsegment)
  const patience = request.patience ?? Math.max(PATIENCE_MS, deadline - LAST_RESORT_MS)
  let giveUp: (error: Error) => void = () => {}
  const given = new Promise<never>((_resolve, reject) => { giveUp = reject })
  const onabort = (): void => { abort.abort(); giveUp(new LoadFailure('aborted', 0)) }
  const limit = watchdog(clock, patience, () => { abort.abort(); giveUp(new LoadFailure(`no byte of ${path} within ${Math.round(patience)} ms`, 0, true)) })
  given.catch(() => {})
  signal.addEventListener('abort', onabort)
  try {
    const bytes = content.read(path, { start: request.start, end: request.end, signal: abort.signal, deadline })[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([bytes.next(), given])
      if (next.done === true) return source
      limit.feed(request.patience ?? BLOCK_PATIENCE_MS)
      sink(next.value, 0)
    }
  } finally {
    limit.stop()
    content.removeEventListener('segment', onsegment)
    signal.removeEventListener('abort', onabort)
  }
}

function finite (ms: number | undefined): ms is number {
  return ms !== undefined && ms > 0 && Number.isFinite(ms)
}
