import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorLine } from '../errors.js'

/** An answer that ends a request early. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  constructor (status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

const STATUS_OF: Readonly<Record<string, number>> = {
  ERR_INVALID_LINK: 400,
  ERR_NOT_FOUND: 404,
  ERR_PURGED: 410,
  ERR_MANIFEST: 502,
  ERR_BLOCK_MISMATCH: 502,
  ERR_ORIGIN: 502,
  ERR_BOOTSTRAP: 504,
  ERR_UNAVAILABLE: 504,
  ERR_STORE_FULL: 507
}

export function sendText (
  request: IncomingMessage, response: ServerResponse, type: string, text: string,
  headers: Readonly<Record<string, string>> = {}, status = 200
): void {
  const body = Buffer.from(text)
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.byteLength, 'X-Content-Type-Options': 'nosniff', ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function sendJson (
  request: IncomingMessage, response: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}
): void {
  sendText(request, response, 'application/json', JSON.stringify(value), { 'Cache-Control': 'no-store', ...headers })
}

/** Errors as a short page for browsers, as JSON for everybody else. Nothing is said of errors that are not Shoal's own. */
export function sendError (request: IncomingMessage, response: ServerResponse, error: unknown): number {
  const known = errorLine(error).error
  const status = error instanceof HttpError ? error.status : STATUS_OF[known.code] ?? 500
  const { code, message } = status === 500 ? { code: 'ERR_INTERNAL', message: 'the gateway failed; its log says why' } : known
  const headers = { 'Cache-Control': 'no-store', ...error instanceof HttpError ? error.headers : {} }
  if (request.headers.accept?.includes('text/html') === true) {
    const html = page(`${status}`, `<p>${escapeHtml(message)}</p>`)
    sendText(request, response, 'text/html; charset=utf-8', html, { ...headers, 'Content-Security-Policy': PAGE_CSP }, status)
  } else {
    sendText(request, response, 'application/json', JSON.stringify({ error: { code, message } }), headers, status)
  }
  return status
}

/** For the small pages made here: their own style and nothing else. */
export const PAGE_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export function page (title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>body{background:#0c1117;color:#d5dde5;font:15px/1.6 system-ui,sans-serif;max-width:52rem;margin:12vh auto;padding:0 1.5rem}
h1{font-weight:500;color:#eef3f7;overflow-wrap:anywhere}a{color:#5cc8e8;text-decoration:none}a:hover{text-decoration:underline}
td{padding:.15rem 1.5rem .15rem 0;overflow-wrap:anywhere}td+td{text-align:right;color:#8796a5;white-space:nowrap}</style>
<h1>${escapeHtml(title)}</h1>${body}</html>`
}

export function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
