import { LoadFailure } from './failure.js'
import { watchdog } from './watchdog.js'
import type { Clock } from '@shoal/base'
import type { Sink } from './intake.js'

export interface OriginRequest {
  readonly url: string
  readonly headers?: HeadersInit | undefined
  /** First byte, those that are there already included. */
  readonly start: number
  /** Byte after the last. */
  readonly end: number | undefined
  /** Milliseconds to the first byte, and to the last. */
  readonly firstMs: number
  readonly totalMs: number
  /** Makes the request out of what would be asked for. */
  readonly setup?: ((init: RequestInit) => Request | Promise<Request>) | undefined
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** One request to the origin under a player's time limits. Resolves with the response when the last byte has gone to `sink`. */
export async function fetchOrigin (request: OriginRequest, sink: Sink): Promise<Response> {
  const { url, start, end, clock, signal } = request
  const abort = new AbortController()
  const onabort = (): void => { abort.abort() }
  signal.addEventListener('abort', onabort)
  const startedAt = clock.now()
  let late = false
  const limit = watchdog(clock, request.firstMs, () => { late = true; abort.abort() })
  try {
    const headers = new Headers(request.headers)
    const ranged = start > 0 || end !== undefined
    if (ranged) headers.set('Range', `bytes=${start}-${end === undefined ? '' : end - 1}`)
    const init: RequestInit = { method: 'GET', mode: 'cors', credentials: 'same-origin', headers, signal: abort.signal }
    const response = await request.fetch(await (request.setup?.(init) ?? new Request(url, init)))
    limit.feed(Math.max(0, request.totalMs - (clock.now() - startedAt)))
    if (!response.ok) throw new LoadFailure(response.statusText || `the origin answered ${response.status}`, response.status, false, response)
    // an origin without ranges sends everything: cut it here
    let drop = ranged && response.status === 200 ? start : 0
    let left = ranged && response.status === 200 && end !== undefined ? end - start : Infinity
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
