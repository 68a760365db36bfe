/** An HTTP origin on loopback whose responses share one rate, as those of a server behind one link do. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const STEP_MS = 5

export interface ShapedOrigin {
  readonly url: string
  /** Bytes of bodies handed to sockets since the last `reset`. */
  readonly sent: number
  readonly requests: number
  reset (): void
  close (): Promise<void>
}

interface Sending { readonly response: ServerResponse, rest: Uint8Array, readonly from: number, full: boolean }

/**
 * @param files by path below the base, without a slash in front
 * @param rate bytes per second, of all responses together
 * @param latency ms between a request and the first byte of its answer
 */
export async function startShapedOrigin (files: ReadonlyMap<string, Uint8Array>, rate: number, latency: number): Promise<ShapedOrigin> {
  const sending = new Set<Sending>()
  let sent = 0
  let requests = 0
  let last = performance.now()
  let budget = 0

  const server = createServer((request, response) => {
    requests++
    const body = files.get(decodeURIComponent((request.url ?? '/').slice(1)))
    if (body === undefined) {
      response.writeHead(404).end()
      return
    }
    const [status, headers, bytes] = answer(request, body)
    response.writeHead(status, headers)
    const entry: Sending = { response, rest: bytes, from: performance.now() + latency, full: false }
    sending.add(entry)
    response.on('close', () => { sending.delete(entry) })
    response.on('drain', () => { entry.full = false })
  })

  const timer = setInterval(() => {
    const now = performance.now()
    // what nobody took is not saved up beyond a moment
    budget = Math.min(budget + (now - last) * rate / 1000, rate / 10)
    last = now
    const busy = [...sending].filter(entry => entry.from <= now && !entry.full)
    busy.forEach((entry, i) => {
      const part = entry.rest.subarray(0, Math.floor(budget / (busy.length - i)))
      budget -= part.byteLength
      sent += part.byteLength
      entry.rest = entry.rest.subarray(part.byteLength)
      entry.full = !entry.response.write(part)
      if (entry.rest.byteLength > 0) return
      sending.delete(entry)
      entry.response.end()
    })
  }, STEP_MS)

  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get sent () { return sent },
    get requests () { return requests },
    reset () { sent = 0; requests = 0 },
    async close () {
      clearInterval(timer)
      server.closeAllConnections()
      await new Promise(resolve => { server.close(resolve) })
    }
  }
}

function answer ({ headers }: IncomingMessage, body: Uint8Array): [number, Record<string, string | number>, Uint8Array] {
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
  const first = Number(range?.[1] ?? 0)
  const end = range?.[2] === undefined || range[2] === '' ? body.byteLength : Math.min(body.byteLength, Number(range[2]) + 1)
  const bytes = body.subarray(first, end)
  const common = { 'content-type': 'application/octet-stream', 'content-length': bytes.byteLength, 'accept-ranges': 'bytes' }
  return range === null ? [200, common, bytes] : [206, { ...common, 'content-range': `bytes ${first}-${end - 1}/${body.byteLength}` }, bytes]
}
