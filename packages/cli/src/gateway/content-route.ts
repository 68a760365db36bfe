import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { significantQuery } from '@shoal/base'
import { contentTypeOf } from '@shoal/content/content-type'
import type { Content, Segment } from '@shoal/interface'
import { NotFoundError, UnavailableError } from '@shoal/interface'
import { formatBytes } from '../format.js'
import type { GatewayContents } from './contents.js'
import { type ByteRange, parseRange } from './range.js'
import { escapeHtml, HttpError, page, PAGE_CSP, sendText } from './respond.js'

/** The bytes of a response are wanted about this soon: a player or a person waits for them. */
const DEADLINE_MS = 8000
/** Asked for at a time: a deadline that covered a whole film would make all of it urgent. */
const READ_BYTES = 4 * 1024 * 1024
/** Entries of a folder's listing. */
const MAX_LISTED = 1000
const INDEX = 'index.html'
const FOREVER = 'public, max-age=31536000, immutable'

/**
 * Pages of strangers get an origin of their own (`sandbox`), so that they cannot read what else this server has; scripts of any site may
 * fetch contents, which are public, for players on other sites to work.
 */
const CONTENT_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Length, Content-Range, ETag, Accept-Ranges',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Content-Security-Policy': 'sandbox allow-scripts allow-popups allow-forms',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer'
}

/** The link and the path of `/shoal/<link or manifest CID>/<path>`; `path` is undefined where the slash after the link is missing. */
export function parseContentPath (pathname: string): { link: string, path: string | undefined } {
  const [name = '', ...rest] = pathname.slice('/shoal/'.length).split('/').map(decode)
  if (name === '') throw new HttpError(400, 'ERR_INVALID_LINK', 'expected /shoal/<link or manifest CID>/<path>')
  const bad = rest.find((part, i) => part === '.' || part === '..' || (part === '' && i < rest.length - 1) || /[/\\\0]/.test(part))
  if (bad !== undefined) throw new HttpError(400, 'ERR_BAD_PATH', 'a path has no empty parts, no "." or ".." and no backslashes')
  return { link: name.startsWith('shoal:') ? name : `shoal:${name}`, path: rest.length === 0 ? undefined : rest.join('/') }
}

/** Answers a request for a content; resolves with the number of body bytes sent. Rejects only before the head is sent. */
export async function serveContent (
  request: IncomingMessage, response: ServerResponse, pathname: string, contents: GatewayContents
): Promise<number> {
  const { link, path } = parseContentPath(pathname)
  let found = false
  try {
    return await contents.use(link, async content => {
      found = true
      return await answer(request, response, pathname, content, path)
    })
  } catch (error) {
    // Here it means that nobody in reach has it, now: not that there is no such thing
    if (found || !(error instanceof NotFoundError || isTimeout(error))) throw error
    throw new UnavailableError((error as Error).message, { cause: error })
  }
}

async function answer (
  request: IncomingMessage, response: ServerResponse, pathname: string, content: Content, path: string | undefined
): Promise<number> {
  if (path === undefined && content.summary.kind === 'directory') {
    response.writeHead(308, { ...CONTENT_HEADERS, Location: `${pathname}/`, 'Content-Length': 0 }).end()
    return 0
  }
  const segment = await find(content, path ?? '', request.url ?? '')
  if (segment !== undefined) return await serveSegment(request, response, content, segment)
  await serveListing(request, response, content)
  return 0
}

/** The segment at a path; for the content itself its only segment or its index page, `undefined` when it has none. */
async function find (content: Content, path: string, url: string): Promise<Segment | undefined> {
  if (path !== '') return await content.stat(path + significantQuery(url, content.policy.significantQuery ?? []))
  if (content.summary.kind === 'file') {
    for await (const segment of content.segments()) return segment
  }
  try {
    return await content.stat(INDEX)
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

async function serveSegment (request: IncomingMessage, response: ServerResponse, content: Content, segment: Segment): Promise<number> {
  const etag = `"${segment.cid}"`
  const headers: Record<string, string | number> = {
    ...CONTENT_HEADERS,
    'Content-Type': contentTypeOf(segment.path),
    'Accept-Ranges': 'bytes',
    // A name may point elsewhere tomorrow, a manifest's CID never does
    'Cache-Control': content.link.slice('shoal:'.length).split('?')[0] === content.summary.cid ? FOREVER : 'no-cache',
    ETag: etag
  }
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end()
    return 0
  }
  const ifRange = request.headers['if-range']
  const range = ifRange === undefined || ifRange === etag ? parseRange(request.headers.range, segment.size) : undefined
  if (range === 'unsatisfiable') {
    const contentRange = `bytes */${segment.size}`
    throw new HttpError(416, 'ERR_RANGE', `the range lies outside: ${segment.path} has ${segment.size} bytes`, { 'Content-Range': contentRange })
  }
  const { start, end } = range ?? { start: 0, end: segment.size }
  headers['Content-Length'] = end - start
  if (range !== undefined) headers['Content-Range'] = `bytes ${start}-${end - 1}/${segment.size}`
  const status = range === undefined ? 200 : 206
  if (request.method === 'HEAD' || start === end) {
    response.writeHead(status, headers).end()
    return 0
  }
  return await stream(response, status, headers, content, segment.path, { start, end })
}

/** The head goes out with the first verified bytes, so that a content nobody can give is an error, not an empty success. */
async function stream (
  response: ServerResponse, status: number, headers: Record<string, string | number>, content: Content, path: string, range: ByteRange
): Promise<number> {
  const gone = new AbortController()
  response.once('close', () => { gone.abort() })
  const chunks = pieces(content, path, range, gone.signal)
  let sent = 0
  const first = await chunks.next()
  response.writeHead(status, headers)
  const body = async function * (): AsyncGenerator<Uint8Array> {
    for (let next = first; next.done !== true; next = await chunks.next()) {
      sent += next.value.byteLength
      yield next.value
    }
  }
  // What breaks off now has told its reader a length that it does not get: the client sees that it failed
  await pipeline(body, response).catch(() => { response.destroy() })
  if (sent < range.end - range.start) response.destroy()
  await chunks.return(undefined)
  return sent
}

type Pieces = AsyncGenerator<Uint8Array, undefined>

async function * pieces (content: Content, path: string, { start, end }: ByteRange, signal: AbortSignal): Pieces {
  for (let at = start; at < end; at += READ_BYTES) {
    yield * content.read(path, { start: at, end: Math.min(at + READ_BYTES, end), signal, deadline: DEADLINE_MS })
  }
  return undefined
}

async function serveListing (request: IncomingMessage, response: ServerResponse, content: Content): Promise<void> {
  const rows: string[] = []
  for await (const { path, size } of content.segments()) {
    if (rows.length === MAX_LISTED) {
      rows.push(`<tr><td>… and ${content.summary.segments - MAX_LISTED} more<td>`)
      break
    }
    const href = path.split('/').map(encodeURIComponent).join('/')
    rows.push(`<tr><td><a href="./${escapeHtml(href)}">${escapeHtml(path)}</a><td>${formatBytes(size)}`)
  }
  sendText(request, response, 'text/html; charset=utf-8', page(content.summary.name, `<table>${rows.join('\n')}</table>`), {
    ...CONTENT_HEADERS, 'Content-Security-Policy': PAGE_CSP, 'Cache-Control': 'no-cache'
  })
}

function matches (header: string | undefined, etag: string): boolean {
  return header !== undefined && (header.trim() === '*' || header.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag))
}

function isTimeout (error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
}

function decode (part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new HttpError(400, 'ERR_BAD_PATH', 'the path is not percent-encoded UTF-8')
  }
}
