import { significantQuery, type Clock } from '@shoal/base'
import { contentTypeOf } from '@shoal/content/content-type'
import { ManifestError, NotFoundError, PurgedError, UnavailableError, type FallbackDetail, type ReadOptions, type Segment } from '@shoal/interface'
import type { OpenContent } from './content.js'

export interface FetchInit extends RequestInit, Pick<ReadOptions, 'deadline'> {}

/** As much of an open content as is needed. */
type Fetchable = Pick<OpenContent, 'link' | 'origins' | 'summary' | 'policy' | 'stats' | 'movedAt' | 'closed' | 'stat' | 'read'>

interface Covered { readonly content: Fetchable, readonly path: string }

/** A player or page that asks without saying when waits for it now. */
const DEFAULT_DEADLINE_MS = 2_000
/** A page of the manifest that takes longer is not waited for: it comes for the next segments, or from nobody. */
const PAGE_MS = 500

/** Target durations without a new playlist after which the origin is asked for it. */
const OUTDATED_TARGETS = 3

/** What a fetch needs of its node. */
export interface FetchHost {
  readonly contents: Iterable<Fetchable>
  readonly clock: Clock
  /** The global `fetch`. */
  readonly passthrough: typeof fetch
  readonly onfallback: (detail: FallbackDetail) => void
}

/**
 * The global `fetch` with peers: a GET or HEAD of a URL that an open content covers is answered from it, everything else passes through.
 * The content with the longest matching base wins; the query is ignored, but for what the manifest says is significant. What the swarm
 * cannot give passes through as well, with an event.
 */
export async function shoalFetch (host: FetchHost, input: string | URL | Request, init: FetchInit = {}): Promise<Response> {
  const { deadline = DEFAULT_DEADLINE_MS, ...rest } = init
  const request = input instanceof Request ? input : undefined
  const method = (rest.method ?? request?.method ?? 'GET').toUpperCase()
  const pass = async (): Promise<Response> => await host.passthrough(input, rest)
  const covered = method === 'GET' || method === 'HEAD' ? cover(host.contents, request?.url ?? absolute(input as string | URL)) : undefined
  if (covered === undefined) return await pass()

  const { content, path } = covered
  const { clock } = host
  const since = clock.now()
  const signal = rest.signal ?? request?.signal ?? undefined
  signal?.throwIfAborted()
  // ends the reading for whoever has the response, the caller's own signal aside
  const abort = new AbortController()
  const until = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal])
  const late = new AbortController()
  // the origin needs time, too
  const stop = clock.after(Math.min(deadline / 2, PAGE_MS), () => { late.abort(new Error('too late')) })
  try {
    const segment = await content.stat(path, { signal: AbortSignal.any([until, late.signal]), deadline })
    stop()
    if (content.origins.length > 0 && outdated(content, segment, clock.now())) {
      host.onfallback({ content: content.link, path, from: 'peer', to: 'origin', reason: 'stalled' })
      return await pass()
    }
    const range = parseRange(new Headers(rest.headers ?? request?.headers).get('range'), segment.size)
    if (range === 'invalid') return new Response(null, { status: 416, headers: { 'content-range': `bytes */${segment.size}` } })
    const answer = describe(segment, range)
    if (method === 'HEAD') return new Response(null, answer)
    const left = Math.max(0, deadline - (clock.now() - since))
    const reader = content.read(path, { ...(range ?? {}), signal: until, deadline: left })[Symbol.asyncIterator]()
    // the first block decides: after it the status line is out
    const first = await reader.next()
    return new Response(toStream(reader, first, abort), answer)
  } catch (error) {
    signal?.throwIfAborted()
    // below the base, but not in the manifest: the origin knows more
    if (!(error instanceof NotFoundError)) {
      host.onfallback({ content: content.link, path, from: 'peer', to: 'origin', reason: reasonOf(error, content, late.signal.aborted) })
    }
    return await pass()
  } finally {
    stop()
  }
}

/** Relative URLs are those of the page, where there is one. */
function absolute (input: string | URL): string {
  const base = (globalThis.location as Location | undefined)?.href
  return URL.canParse(input, base) ? new URL(input, base).href : String(input)
}

function cover (contents: Iterable<Fetchable>, url: string): Covered | undefined {
  const bare = url.replace(/[?#].*$/s, '')
  let best: { content: Fetchable, base: string } | undefined
  for (const content of contents) {
    for (const origin of content.origins) {
      // it may carry a token, which is none of the path's business
      const base = origin.replace(/[?#].*$/s, '')
      const matches = base.endsWith('/') ? bare.startsWith(base) : bare === base
      if (matches && (best === undefined || base.length > best.base.length)) best = { content, base }
    }
  }
  if (best === undefined) return undefined
  const { content, base } = best
  if (!base.endsWith('/')) return { content, path: content.summary.name }
  const query = significantQuery(url, content.policy.significantQuery ?? [])
  try {
    return { content, path: decodeURIComponent(bare.slice(base.length)) + query }
  } catch {
    // escapes that no path of a manifest has
    return undefined
  }
}

/** A playlist of a live content of which nothing has been heard for so long that the origin's is likely newer. */
function outdated ({ summary: { live }, movedAt }: Fetchable, { playlist }: Segment, now: number): boolean {
  return playlist === true && live !== undefined && !live.ended && now - movedAt > OUTDATED_TARGETS * live.target * 1000
}

function reasonOf (error: unknown, content: Fetchable, late: boolean): string {
  if (late) return content.stats.connected === 0 ? 'no-peer' : 'deadline'
  if (error instanceof PurgedError) return 'purged'
  if (error instanceof ManifestError) return 'mismatch'
  return error instanceof UnavailableError && !content.closed ? 'no-peer' : 'refused'
}

/** One range of RFC 9110 §14.2; several, or a unit that is not bytes, count as none. */
function parseRange (header: string | null, size: number): { start: number, end: number } | 'invalid' | undefined {
  const match = header === null ? null : /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? size : Math.min(size, Number(match[2]) + 1)
  return start < end ? { start, end } : 'invalid'
}

function describe (segment: Segment, range: { start: number, end: number } | undefined): ResponseInit {
  const headers: Record<string, string> = {
    'content-type': contentTypeOf(segment.path),
    'accept-ranges': 'bytes',
    'etag': `"${segment.cid}"`
  }
  // a newer version of a playlist, of another length, may take the place of this one while it is read
  if (segment.playlist !== true) headers['content-length'] = String(range === undefined ? segment.size : range.end - range.start)
  if (range === undefined) return { status: 200, headers }
  const contentRange = `bytes ${range.start}-${range.end - 1}/${segment.size}`
  return { status: 206, statusText: 'Partial Content', headers: { ...headers, 'content-range': contentRange } }
}

function toStream (
  reader: AsyncIterator<Uint8Array>, first: IteratorResult<Uint8Array>, abort: AbortController
): ReadableStream<Uint8Array> {
  let next: IteratorResult<Uint8Array> | undefined = first
  return new ReadableStream<Uint8Array>({
    async pull (controller) {
      const result = next ?? await reader.next()
      next = undefined
      if (result.done === true) controller.close()
      else controller.enqueue(result.value)
    },
    cancel (reason) {
      // a generator that waits for a block would not hear `return`
      abort.abort(reason)
      reader.return?.().catch(() => {})
    }
  })
}
