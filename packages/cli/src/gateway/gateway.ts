import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Shoal } from '@shoal/interface'
import { type HttpService, isLocalRequest, listenHttp } from '../http.js'
import type { GatewayCounts } from '../metrics.js'
import { GatewayContents } from './contents.js'
import { serveContent } from './content-route.js'
import { type IpfsHandler, serveIpfs } from './ipfs-route.js'
import { HttpError, sendError, sendJson, sendText } from './respond.js'
import { statusPage } from './status-page.js'

/** Contents being sent at the same time; more are answered with 503. */
export const MAX_ACTIVE_REQUESTS = 64

export interface GatewayInit {
  /** `HOST:PORT` */
  readonly address: string
  readonly node: Shoal
  readonly version: string
  readonly log: (line: string) => void
  /** Answers `/ipfs/…`; without it there is no such thing here. */
  readonly ipfs?: IpfsHandler | undefined
}

export interface Gateway extends HttpService {
  readonly counts: GatewayCounts
}

/**
 * Contents over HTTP, for players and tools that know nothing of peers, and a page on the node itself.
 *
 * - `/shoal/<link or manifest CID>/<path>`: verified bytes; ranges, HEAD, conditional requests
 * - `/ipfs/<CID>[/<path>]`: blocks and CAR files, where `ipfs` is given
 * - `/.well-known/shoal`: `{ peerId, addrs }`, what `bootstrap` URLs point at
 * - `/healthz`: 200 while the node runs
 * - `/`, `/status.json`: the status page, for this machine only, since it names peers and links
 *
 * @throws ListenError the address is in use, or not permitted
 */
export async function startGateway ({ address, node, version, log, ipfs }: GatewayInit): Promise<Gateway> {
  const contents = new GatewayContents(node)
  const counts = { responses: new Map<number, number>(), bytes: 0, active: 0 }

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // The request's own text: URL would resolve dots away that are to be refused
    const pathname = request.url?.split(/[?#]/, 1)[0] ?? ''
    const send = pathname.startsWith('/shoal/')
      ? async () => await serveContent(request, response, pathname, contents)
      : ipfs !== undefined && pathname.startsWith('/ipfs/') ? async () => await serveIpfs(request, response, ipfs) : undefined
    if (send !== undefined) {
      if (counts.active >= MAX_ACTIVE_REQUESTS) throw new HttpError(503, 'ERR_BUSY', 'too many requests at once', { 'Retry-After': '1' })
      counts.active++
      try {
        counts.bytes += await send()
      } finally {
        counts.active--
      }
      return
    }
    switch (pathname) {
      case '/.well-known/shoal':
        sendJson(request, response, { peerId: node.peerId, addrs: node.addrs }, { 'Access-Control-Allow-Origin': '*' })
        return
      case '/healthz':
        sendText(request, response, 'text/plain', 'ok\n', { 'Cache-Control': 'no-store' })
        return
      case '/':
        forThisMachine(request)
        statusPage(request, response)
        return
      case '/status.json':
        forThisMachine(request)
        sendJson(request, response, {
          ...node.status, version, rss: process.memoryUsage.rss(), gateway: { bytes: counts.bytes, active: counts.active }
        })
        return
      default:
        throw new HttpError(404, 'ERR_NOT_FOUND', 'there is /shoal/<link or manifest CID>/<path>, /.well-known/shoal and /healthz')
    }
  }

  const service = await listenHttp(address, '--gateway', async (request, response) => {
    response.once('finish', () => { counts.responses.set(response.statusCode, (counts.responses.get(response.statusCode) ?? 0) + 1) })
    try {
      await route(request, response)
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy()
      else if (sendError(request, response, error) === 500) log(`gateway: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  return {
    url: service.url,
    counts,
    async close () {
      await service.close()
      await contents.close()
    }
  }
}

function forThisMachine (request: IncomingMessage): void {
  if (!isLocalRequest(request)) {
    throw new HttpError(403, 'ERR_NOT_LOCAL', 'the status page answers this machine only: ask for it as http://127.0.0.1 or http://localhost')
  }
}
