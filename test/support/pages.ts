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
  return await servePage(await bundlePage(script ?? { contents: "import * as shoal from 'shoal'; globalThis.shoal = shoal", folder: DEMO }))
}

/** One script of a file, or of a text and the folder that its imports start from. */
export async function bundlePage (script: string | { readonly contents: string, readonly folder: string }): Promise<string> {
  const { outputFiles } = await build({
    ...(typeof script === 'string' ? { entryPoints: [script] } : { stdin: { contents: script.contents, resolveDir: script.folder } }),
    bundle: true, write: false, format: 'esm', target: 'es2022', platform: 'browser', logLevel: 'error'
  })
  return outputFiles[0]?.text ?? ''
}

/** As `pageServer`, of a script that is bundled. */
export async function servePage (bundled: string): Promise<{ url: string, close: () => void }> {
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
