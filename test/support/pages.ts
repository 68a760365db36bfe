import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const DEMO = fileURLToPath(new URL('../../packages/demo', import.meta.url))

/**
 * A server on loopback of a page, and at `/empty` of one with nothing.
 *
 * @param script what the page runs; without it its `globalThis.shoal` is the library
 */
export async function pageServer (script?: string): Promise<{ url: string, close: () => void }> {
  const { outputFiles } = await build({
    ...(script === undefined
      ? { stdin: { contents: "import * as shoal from 'shoal'; globalThis.shoal = shoal", resolveDir: DEMO } }
      : { entryPoints: [script] }),
    bundle: true, write: false, format: 'esm', target: 'es2022', platform: 'browser', logLevel: 'error'
  })
  const bundled = outputFiles[0]?.text ?? ''
  const server = createServer((request, response) => {
    response.setHeader('content-type', request.url === '/shoal.js' ? 'text/javascript' : 'text/html')
    const html = request.url === '/' ? '<script type="module" src="/shoal.js"></script>' : '<title>empty</title>'
    response.end(request.url === '/shoal.js' ? bundled : html)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
