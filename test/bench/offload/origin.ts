/** The origin of the bench: files in memory under CORS, that come by and by where a stream is live; it counts what it sends. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Between a request and the first byte of its answer, as to an edge in the next city. */
const LATENCY_MS = 30
const CHUNK_BYTES = 64 * 1024

/** What a path gives now. A promise: the request waits, as for a blocking playlist reload (RFC 8216bis §6.2.5.2). */
export type Answers = (path: string, query: URLSearchParams) => Uint8Array | undefined | Promise<Uint8Array | undefined>

export interface Origin {
  readonly url: string
  /** Bytes of bodies, without playlists and init segments. */
  readonly mediaSent: number
  close (): Promise<void>
}

export async function startOrigin (answers: Answers): Promise<Origin> {
  let mediaSent = 0
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => { response.destroy() })
  })

  async function answer (request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    if (request.method === 'OPTIONS') { response.writeHead(204).end(); return }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const path = pathname.slice(1)
    const [body] = await Promise.all([answers(path, searchParams), sleep(LATENCY_MS)])
    if (body === undefined) { response.writeHead(404).end(); return }
    const [first, end] = range(request, body.byteLength)
    const part = body.subarray(first, end)
    response.writeHead(part.byteLength === body.byteLength ? 200 : 206, {
      'content-type': path.endsWith('.m3u8') ? 'application/vnd.apple.mpegurl' : 'video/mp4',
      'content-length': part.byteLength,
      'cache-control': 'no-store',
      ...part.byteLength === body.byteLength ? {} : { 'content-range': `bytes ${first}-${end - 1}/${body.byteLength}` }
    })
    const closed = new Promise(resolve => { response.once('close', resolve) })
    for (let at = 0; at < part.byteLength && !response.destroyed; at += CHUNK_BYTES) {
      const chunk = part.subarray(at, at + CHUNK_BYTES)
      if (path.endsWith('.m4s')) mediaSent += chunk.byteLength
      if (!response.write(chunk)) await Promise.race([closed, new Promise(resolve => { response.once('drain', resolve) })])
    }
    response.end()
  }

  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get mediaSent () { return mediaSent },
    async close () {
      server.closeAllConnections()
      await new Promise(resolve => { server.close(resolve) })
    }
  }
}

function range ({ headers }: IncomingMessage, size: number): [number, number] {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
  if (asked === null) return [0, size]
  return [Number(asked[1]), asked[2] === '' ? size : Math.min(size, Number(asked[2]) + 1)]
}
