import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, ListenError } from '@shoal/interface'

/** Limits of a server that strangers may reach, in ms and bytes. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 15_000
const KEEP_ALIVE_TIMEOUT_MS = 10_000
/** A client that reads nothing for this long, or for whom nothing came, is let go. */
const IDLE_TIMEOUT_MS = 90_000
const MAX_HEADER_BYTES = 16 * 1024
const MAX_CONNECTIONS = 512
const LOOPBACK_HOST = /^(localhost|[a-z0-9.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

export interface HttpService {
  /** `http://127.0.0.1:4780`, with the port that was really taken. */
  readonly url: string
  close (): Promise<void>
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Serves GET and HEAD on an address.
 *
 * @param address `HOST:PORT`, `[IPV6]:PORT`
 * @param flag how the user set the address, for messages
 * @throws ConfigError the address cannot be read
 * @throws ListenError it is in use, or not permitted
 */
export async function listenHttp (address: string, flag: string, handler: Handler): Promise<HttpService> {
  const { host, port } = parseAddress(address, flag)
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS
  }, (request, response) => { answer(request, response, handler) })
  server.maxConnections = MAX_CONNECTIONS
  server.setTimeout(IDLE_TIMEOUT_MS)
  await listen(server, host, port, address, flag)
  const bound = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    async close () {
      const closed = new Promise<void>(resolve => { server.close(() => { resolve() }) })
      server.closeAllConnections()
      await closed
    }
  }
}

function answer (request: IncomingMessage, response: ServerResponse, handler: Handler): void {
  // A body is never read: one that comes all the same ends the connection
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD', Connection: 'close', 'Content-Length': 0 }).end()
    return
  }
  handler(request, response).catch(() => { response.destroy() })
}

async function listen (server: Server, host: string, port: number, address: string, flag: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'it is in use' : error.code === 'EACCES' ? 'not permitted' : error.message
      reject(new ListenError(`cannot listen on ${address} (${flag}): ${why}. Give another ${flag} HOST:PORT, or ${flag} off`, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
}

export function parseAddress (address: string, flag: string): { host: string, port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (host === undefined || port > 65535) throw new ConfigError(`${flag}: expected HOST:PORT (as 127.0.0.1:4780) or off, got '${address}'`)
  return { host, port }
}

/**
 * Whether a request comes from this machine and names it so: a page of some site that resolves its own name to 127.0.0.1 (DNS rebinding)
 * does neither name it, nor is it let in by a proxy that keeps the name it was asked for.
 */
export function isLocalRequest (request: IncomingMessage): boolean {
  const remote = request.socket.remoteAddress ?? ''
  return /^(::ffff:)?127\./.test(remote) || remote === '::1' ? namesLoopback(request) : false
}

/** The `Host` header names this machine itself. */
export function namesLoopback (request: IncomingMessage): boolean {
  const host = request.headers.host?.toLowerCase().replace(/:\d+$/, '') ?? ''
  return LOOPBACK_HOST.test(host)
}

/** Requests to this address can come from this machine only. */
export function isLoopbackAddress (address: string, flag: string): boolean {
  const { host } = parseAddress(address, flag)
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
