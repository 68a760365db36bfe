/** An HTTP origin that can be told to misbehave. */

import { createServer, type ServerResponse } from 'node:http'
import { readdir, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl', mpd: 'application/dash+xml', mp4: 'video/mp4', m4s: 'video/iso.segment', png: 'image/png'
}

export interface Origin {
  readonly url: string
  /** Paths that were asked for, in order. */
  readonly asked: string[]
  /** `refused`: CORS does not allow what is asked for. `gone`: connections break. */
  state: 'up' | 'refused' | 'gone'
  /** What is given even when it is gone. */
  readonly spared: Set<string>
  /** What is given in place of the files. */
  readonly changed: Map<string, Uint8Array>
  stop (): void
}

export async function startOrigin (files: ReadonlyMap<string, Uint8Array>): Promise<Origin> {
  const origin = { asked: [] as string[], state: 'up' as Origin['state'], changed: new Map<string, Uint8Array>(), spared: new Set<string>() }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname.slice(1))
    if (origin.state === 'gone' && !origin.spared.has(path)) { request.socket.destroy(); return }
    if (origin.state !== 'refused') {
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('access-control-allow-headers', 'range')
      response.setHeader('access-control-expose-headers', 'content-range, content-length')
    }
    if (request.method === 'OPTIONS') { response.writeHead(204).end(); return }
    if (request.method === 'GET') origin.asked.push(path)
    give(response, path, origin.changed.get(path) ?? files.get(path), request.headers.range, request.method === 'HEAD')
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return Object.assign(origin, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop () { server.closeAllConnections(); server.close() }
  })
}

function give (response: ServerResponse, path: string, bytes: Uint8Array | undefined, ranges: string | undefined, headOnly: boolean): void {
  response.setHeader('cache-control', 'no-store')
  if (bytes === undefined) { response.writeHead(404).end('nothing here'); return }
  const range = /^bytes=(\d+)-(\d*)$/.exec(ranges ?? '')
  const start = Number(range?.[1] ?? 0)
  const end = Math.min(bytes.length, range?.[2] === undefined || range[2] === '' ? bytes.length : Number(range[2]) + 1)
  if (start >= bytes.length) { response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end(); return }
  response.writeHead(range === null ? 200 : 206, {
    'content-type': TYPES[path.split('.').pop() ?? ''] ?? 'application/octet-stream',
    'content-length': end - start,
    'accept-ranges': 'bytes',
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` })
  })
  response.end(headOnly ? undefined : bytes.subarray(start, end))
}

/** The files of a folder that are no scripts, by name. */
export async function mediaOf (folder: string): Promise<Map<string, Uint8Array>> {
  const names = (await readdir(folder)).filter(name => !name.endsWith('.sh'))
  return new Map(await Promise.all(names.map(async name => [name, await readFile(join(folder, name))] as const)))
}
