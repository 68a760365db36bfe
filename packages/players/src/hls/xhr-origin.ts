import { LoadFailure } from '../core/failure.js'
import { watchdog } from '../core/watchdog.js'
import type { OriginRequest } from '../core/origin-fetch.js'
import type { Sink } from '../core/intake.js'

export interface XhrRequest extends Omit<OriginRequest, 'fetch' | 'setup' | 'headers'> {
  readonly headers: Readonly<Record<string, string>> | undefined
  /** `xhrSetup` of hls.js: may open the request itself, and is called again behind `open` when it throws before. */
  readonly setup: (xhr: XMLHttpRequest, url: string) => void | Promise<void>
}

/** As `fetchOrigin`, for pages that set up each XMLHttpRequest: credentials, headers, other URLs. */
export async function xhrOrigin (request: XhrRequest, sink: Sink): Promise<Response> {
  const { url, start, end, clock, signal, setup } = request
  const xhr = new XMLHttpRequest()
  const startedAt = clock.now()
  let late = false
  const limit = watchdog(clock, request.firstMs, () => { late = true; xhr.abort() })
  const onabort = (): void => { xhr.abort() }
  signal.addEventListener('abort', onabort)
  try {
    try {
      await setup(xhr, url)
    } catch {
      xhr.open('GET', url, true)
      await setup(xhr, url)
    }
    signal.throwIfAborted()
    if (xhr.readyState === 0) xhr.open('GET', url, true)
    for (const [name, value] of Object.entries(request.headers ?? {})) xhr.setRequestHeader(name, value)
    if (start > 0 || end !== undefined) xhr.setRequestHeader('Range', `bytes=${start}-${end === undefined ? '' : end - 1}`)
    xhr.responseType = 'arraybuffer'
    await new Promise<void>((resolve, reject) => {
      xhr.onprogress = () => { limit.feed(Math.max(0, request.totalMs - (clock.now() - startedAt))) }
      xhr.onload = () => { resolve() }
      xhr.onerror = xhr.onabort = () => { reject(new LoadFailure(late ? 'the origin took too long' : 'the origin did not answer', 0, late)) }
      xhr.send()
    })
  } finally {
    limit.stop()
    signal.removeEventListener('abort', onabort)
  }
  const { status, statusText } = xhr
  const headers = new Headers(xhr.getAllResponseHeaders().trim().split(/[\r\n]+/).flatMap((line): [string, string][] => {
    const at = line.indexOf(':')
    return at > 0 ? [[line.slice(0, at), line.slice(at + 1).trim()]] : []
  }))
  const ok = status >= 200 && status < 300
  const response = new Response(null, { status: status < 200 ? 500 : status, statusText, headers })
  if (!ok) throw new LoadFailure(statusText || `the origin answered ${status}`, status, false, response)
  const all = new Uint8Array(xhr.response as ArrayBuffer)
  // an origin without ranges sends everything
  const bytes = status === 200 ? all.subarray(start, end) : all
  sink(bytes, start === 0 && end === undefined ? bytes.length : 0)
  return response
}
