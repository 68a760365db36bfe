import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A server on loopback of a page whose `globalThis.shoal` is the library, and at `/empty` of one with nothing. */
export async function pageServer (): Promise<{ url: string, close: () => void }> {
  const entry = "import * as shoal from 'shoal'; globalThis.shoal = shoal"
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: fileURLToPath(new URL('../../packages/demo', import.meta.url)) },
    bundle: true, write: false, format: 'esm', target: 'es2022', platform: 'browser', logLevel: 'error'
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer((request, response) => {
    response.setHeader('content-type', request.url === '/shoal.js' ? 'text/javascript' : 'text/html')
    const html = request.url === '/' ? '<script type="module" src="/shoal.js"></script>' : '<title>empty</title>'
    response.end(request.url === '/shoal.js' ? script : html)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
