/** Chromium with a profile on disk, for one contender after the other. */

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { launchProfile } from '../../chromium.ts'
import type { Took } from './contest.ts'
import type { Contest } from './serve.ts'

/** Bundles a page, runs one of its contenders in a new profile under `folder`, and removes that. */
export async function runPage (script: string, name: string, mib: number, folder: string): Promise<Took & { version: string }> {
  const { outputFiles } = await build({
    entryPoints: [script],
    bundle: true,
    write: false,
    minify: true,
    keepNames: true,
    format: 'esm',
    target: 'es2024',
    platform: 'browser',
    logLevel: 'error'
  })
  const server = createServer((request, response) => {
    const wanted = request.url === '/page.js'
    response.setHeader('content-type', wanted ? 'text/javascript' : 'text/html')
    response.end(wanted ? outputFiles[0]?.text : '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const profile = await mkdtemp(join(folder, 'profile-'))
  const context = await launchProfile(profile)
  try {
    const page = await context.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    await page.waitForFunction('"bench" in globalThis')
    const took = await page.evaluate(async ({ name, mib }) => {
      return await (globalThis as unknown as { bench: Contest }).bench.compete(name, mib)
    }, { name, mib })
    return { ...took, version: context.browser()?.version() ?? 'unknown' }
  } finally {
    await context.close()
    server.close()
    server.closeAllConnections()
    await rm(profile, { recursive: true, force: true, maxRetries: 3 })
  }
}
