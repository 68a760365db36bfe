import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { HttpError } from './respond.js'

/** Answers requests for `/ipfs/…`. */
export type IpfsHandler = (request: Request) => Promise<Response>

/** What a gateway may ask for, and nothing of the rest: cookies and credentials are nobody's business here. */
const PASSED = ['accept', 'if-none-match']

/** Verifying clients are pages of any site. @see https://specs.ipfs.tech/http-gateways/path-gateway/ */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD',
  'Access-Control-Expose-Headers': 'Content-Length, ETag, X-Ipfs-Path',
  'Cross-Origin-Resource-Policy': 'cross-origin'
}

/** Answers a request of the IPFS world; resolves with the number of body bytes sent. Rejects only before the head is sent. */
export async function serveIpfs (request: IncomingMessage, response: ServerResponse, handle: IpfsHandler): Promise<number> {
  const gone = new AbortController()
  response.once('close', () => { gone.abort() })
  const answer = await handle(asked(request, gone.signal))
  // it may have become known late that nobody waits any more
  if (response.destroyed) return 0
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...CORS })
  if (answer.body === null) {
    response.end()
    return 0
  }
  const reader = answer.body.getReader()
  // ends a read that waits; a stream that is cancelled is at its end
  gone.signal.addEventListener('abort', () => { reader.cancel().catch(() => {}) })
  let sent = 0
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      sent += next.value.byteLength
      if (!response.write(next.value)) await once(response, 'drain', { signal: gone.signal })
    }
    response.end()
  } catch {
    // a CAR that breaks off ends the connection: its reader must not take the beginning for the whole
    response.destroy()
  }
  return sent
}

function asked ({ url = '', method = 'GET', headers }: IncomingMessage, signal: AbortSignal): Request {
  try {
    const passed = PASSED.flatMap(name => typeof headers[name] === 'string' ? [[name, headers[name]] as [string, string]] : [])
    return new Request(new URL(url, 'http://gateway.invalid'), { method, headers: passed, signal })
  } catch {
    throw new HttpError(400, 'ERR_BAD_PATH', 'expected /ipfs/<CID>[/path]?format=raw or ?format=car')
  }
}
