import { listen, pathOf, type Listening } from './http.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SHOWS, type DemoState, type NetworkReport, type PageConfig, type ViewerReport } from '../reports.js'
import type { OriginServer } from './origin.js'
import type { Relay } from './relay.js'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml', map: 'application/json'
}
const REPORT_BYTES_MAX = 65_536
const VIEWERS_MAX = 200
/** A hidden tab reports no more than once a minute in some browsers; a closed one says goodbye. */
const VIEWER_EXPIRES_MS = 70_000
/** Scripts and styles of this server, media of the origin, and nothing else. */
const policy = (origin: string): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: ${new URL(origin).origin}; media-src blob:; worker-src 'self' blob:; connect-src 'self' ws: ${new URL(origin).origin}; base-uri 'none'; form-action 'none'`

export interface PageServerOptions {
  readonly port: number
  /** The bundle: contents by path. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly config: PageConfig
  readonly origin: OriginServer
  readonly relay: Pick<Relay, 'down' | 'set'>
}

/** Serves the page, collects the viewers' figures for its pictures, and does to the network what the page wants. */
export async function startPage ({ port, files, config, origin, relay }: PageServerOptions): Promise<Listening> {
  const viewers = new Map<string, { report: ViewerReport, at: number }>()

  function state (): DemoState {
    const now = performance.now()
    for (const [id, { at }] of viewers) if (now - at > VIEWER_EXPIRES_MS) viewers.delete(id)
    let bytes = 0
    for (const [path, sent] of origin.sent) if (!path.endsWith('.m3u8')) bytes += sent
    return {
      viewers: [...viewers.values()].map(({ report }) => report),
      origin: { down: origin.down, rate: Number.isFinite(origin.rate) ? origin.rate : 0, bytes },
      relay: { down: relay.down }
    }
  }

  async function post (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers['sec-fetch-site'] === 'cross-site') { response.writeHead(403).end(); return }
    const body = await json(request)
    if (path === 'network' && isNetwork(body)) {
      if (body.down !== undefined) origin.down = body.down
      if (body.rate !== undefined) origin.rate = body.rate === 0 ? Infinity : body.rate
      if (body.relayDown !== undefined) await relay.set(body.relayDown)
    } else if (path === 'viewer' && isReport(body)) {
      if (viewers.size < VIEWERS_MAX || viewers.has(body.id)) viewers.set(body.id, { report: body, at: performance.now() })
    } else if (path === 'goodbye' && typeof (body as { id?: unknown }).id === 'string') {
      viewers.delete((body as { id: string }).id)
    } else {
      response.writeHead(400).end()
      return
    }
    send(response, 'application/json', Buffer.from(JSON.stringify(state())))
  }

  return await listen(port, async (request, response) => {
    const path = pathOf(request) ?? ''
    if (request.method === 'POST') { await post(path, request, response); return }
    if (path === 'config.json') { send(response, 'application/json', Buffer.from(JSON.stringify(config))); return }
    const name = path === '' ? 'index.html' : path
    const file = files.get(name)
    if (file === undefined) { response.writeHead(404).end(); return }
    response.setHeader('Content-Security-Policy', policy(origin.url))
    response.setHeader('Referrer-Policy', 'no-referrer')
    if (name === 'worker.js') response.setHeader('Service-Worker-Allowed', '/')
    send(response, TYPES[name.split('.').pop() ?? ''] ?? 'application/octet-stream', file)
  })
}

function send (response: ServerResponse, type: string, body: Uint8Array): void {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length, 'Cache-Control': 'no-store' }).end(body)
}

async function json (request: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > REPORT_BYTES_MAX) return {}
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString())
    return value ?? {}
  } catch {
    return {}
  }
}

function isNetwork (value: unknown): value is Partial<NetworkReport> {
  const { down, rate, relayDown } = value as Partial<Record<keyof NetworkReport, unknown>>
  const known = [down, rate, relayDown].filter(part => part !== undefined)
  return known.length > 0 && (down === undefined || typeof down === 'boolean') && (relayDown === undefined || typeof relayDown === 'boolean') &&
    (rate === undefined || (typeof rate === 'number' && rate >= 0 && Number.isFinite(rate)))
}

function isReport (value: unknown): value is ViewerReport {
  const report = value as Partial<Record<keyof ViewerReport, unknown>>
  return typeof report.id === 'string' && report.id.length < 100 && Array.isArray(report.peers) && SHOWS.some(show => show === report.show) &&
    [report.fromViewers, report.fromNode, report.fromOrigin, report.given].every(bytes => typeof bytes === 'number')
}
