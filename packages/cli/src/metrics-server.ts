import { type HttpService, isLoopbackAddress, listenHttp, namesLoopback } from './http.js'
import { type MetricsInput, renderMetrics } from './metrics.js'
import { HttpError, sendError, sendText } from './gateway/respond.js'

/**
 * Serves `/metrics`. Bound to this machine, it answers only those who name this machine (DNS rebinding); bound to a network, everybody
 * there.
 *
 * @throws ListenError the address is in use, or not permitted
 */
export async function startMetricsServer (address: string, read: () => MetricsInput): Promise<HttpService> {
  const guarded = isLoopbackAddress(address, '--metrics')
  return await listenHttp(address, '--metrics', async (request, response) => {
    try {
      if (guarded && !namesLoopback(request)) throw new HttpError(403, 'ERR_NOT_LOCAL', 'ask for it as http://127.0.0.1 or http://localhost')
      if (request.url?.split('?', 1)[0] !== '/metrics') throw new HttpError(404, 'ERR_NOT_FOUND', 'there is /metrics only')
      sendText(request, response, 'text/plain; version=0.0.4; charset=utf-8', renderMetrics(read()), { 'Cache-Control': 'no-store' })
    } catch (error) {
      sendError(request, response, error)
    }
  })
}
