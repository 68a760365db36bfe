import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { listen, pathOf, type Listening } from './http.js'

const TYPES: Readonly<Record<string, string>> = { m3u8: 'application/vnd.apple.mpegurl', mp4: 'video/mp4', m4s: 'video/iso.segment' }

export interface OriginServer extends Listening {
  /** Body bytes sent, by path. */
  readonly sent: ReadonlyMap<string, number>
  /** Answers 503 while set. */
  down: boolean
}

/** The origin of the demo: a plain static server with ranges and CORS, that counts what it sends and can be told to fail. */
export async function startOrigin (folder: string, port = 0): Promise<OriginServer> {
  const sent = new Map<string, number>()
  const state = { down: false }
  const server = await listen(port, async (request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Access-Control-Allow-Headers', 'Range')
    response.setHeader('Access-Control-Expose-Headers', 'Content-Range, Content-Length, Accept-Ranges')
    response.setHeader('Cache-Control', 'no-store')
    if (request.method === 'OPTIONS') { response.writeHead(204).end(); return }
    if (state.down) { response.writeHead(503, { 'Content-Type': 'text/plain' }).end('The origin has been switched off on the page.\n'); return }
    const path = pathOf(request)
    const type = TYPES[path?.split('.').pop() ?? '']
    if (path === undefined || type === undefined) { response.writeHead(404).end(); return }
    const file = await open(join(folder, path)).catch(() => undefined)
    if (file === undefined) { response.writeHead(404).end(); return }
    try {
      const { size } = await file.stat()
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
      const body = file.createReadStream({ start, end, autoClose: false })
      body.on('data', chunk => { sent.set(path, (sent.get(path) ?? 0) + chunk.length) })
      await pipeline(body, response).catch(() => {})
    } finally {
      await file.close()
    }
  })
  return {
    ...server,
    sent,
    get down () { return state.down },
    set down (value) { state.down = value }
  }
}
