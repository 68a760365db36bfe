/** Serves the page of the player tests: every player with its adapter in a chunk of its own. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface Site {
  readonly url: string
  /** What a page that plays by itself posted last. */
  readonly posted: unknown
  stop (): void
}

export async function startSite (): Promise<Site> {
  const entry = (name: string): string => fileURLToPath(new URL(`page/${name}.ts`, import.meta.url))
  const common = { bundle: true, write: false, format: 'esm', platform: 'browser', target: 'es2024', logLevel: 'error', outdir: '/' } as const
  const built = await Promise.all([
    build({ ...common, entryPoints: [entry('page')], splitting: true }),
    build({ ...common, entryPoints: [entry('worker')] })
  ])
  const scripts = new Map(built.flatMap(({ outputFiles }) => outputFiles).map(file => [file.path, file.text]))
  let posted: unknown
  const server = createServer((request, response) => {
    const { url = '/' } = request
    if (request.method === 'POST') {
      void json(request).then(value => { posted = value; response.end() }, () => { response.destroy() })
      return
    }
    const script = scripts.get(url)
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
    response.setHeader('cache-control', 'no-store')
    response.end(script ?? '<!doctype html><title>player</title><link rel="icon" href="data:,">' +
      '<video muted playsinline controls width="320" height="180"></video><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get posted () { return posted },
    stop () { server.closeAllConnections(); server.close() }
  }
}

async function json (stream: AsyncIterable<Uint8Array>): Promise<unknown> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown
}
