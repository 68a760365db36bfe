import { setTimeout as sleep } from 'node:timers/promises'
import { listen, pathOf, type Listening } from './http.js'

const TYPES: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl', mp4: 'video/mp4', m4s: 'video/iso.segment', webp: 'image/webp'
}
const PIECE_BYTES = 16_384

export interface OriginServer extends Listening {
  /** Body bytes sent, by path. */
  readonly sent: ReadonlyMap<string, number>
  /** Answers 503 while set. */
  down: boolean
  /** Bytes per second, all answers together. */
  rate: number
}

/** Gives a file, or nothing. */
export type Source = (path: string, query: URLSearchParams) => Promise<Uint8Array | undefined>

/** The origin of the demo: a plain server with ranges and CORS, that counts what it sends and can be told to be slow, or to fail. */
export async function startOrigin (source: Source, port = 0): Promise<OriginServer> {
  const sent = new Map<string, number>()
  const state = { down: false, rate: Infinity }
  /** When the line is free again, ms. */
  let free = 0
  const server = await listen(port, async (request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Access-Control-Allow-Headers', 'Range')
    response.setHeader('Access-Control-Expose-Headers', 'Content-Range, Content-Length, Accept-Ranges')
    response.setHeader('Cache-Control', 'no-store')
    if (request.method === 'OPTIONS') { response.writeHead(204).end(); return }
    const refuse = (): void => { response.writeHead(503, { 'Content-Type': 'text/plain' }).end('The origin has been switched off on the page.\n') }
    if (state.down) { refuse(); return }
    const path = pathOf(request)
    const type = TYPES[path?.split('.').pop() ?? '']
    const file = path === undefined || type === undefined ? undefined : await source(path, new URL(request.url ?? '/', 'http://localhost').searchParams)
    // a playlist may have been waited for
    if (state.down) { refuse(); return }
    if (path === undefined || file === undefined) { response.writeHead(404).end(); return }
    const size = file.length
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const start = range === null ? 0 : Number(range[1])
    const end = range === null || range[2] === '' ? size - 1 : Math.min(size - 1, Number(range[2]))
    if (start > end) { response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end(); return }
    response.writeHead(range === null ? 200 : 206, {
      'Content-Type': type,
      'Content-Length': end - start + 1,
      'Accept-Ranges': 'bytes',
      ...(range === null ? {} : { 'Content-Range': `bytes ${start}-${end}/${size}` })
    })
    if (request.method === 'HEAD') { response.end(); return }
    for (let at = start; at <= end; at += PIECE_BYTES) {
      const piece = file.subarray(at, Math.min(end + 1, at + PIECE_BYTES))
      const now = performance.now()
      free = Math.max(now, free) + piece.length * 1000 / state.rate
      if (free - now > 1) await sleep(free - now)
      // switched off, or gone, in the middle
      if (state.down || response.destroyed) { response.destroy(); return }
      response.write(piece)
      sent.set(path, (sent.get(path) ?? 0) + piece.length)
    }
    response.end()
  })
  return {
    ...server,
    sent,
    get down () { return state.down },
    set down (value) { state.down = value },
    get rate () { return state.rate },
    set rate (value) { state.rate = value; free = 0 }
  }
}
