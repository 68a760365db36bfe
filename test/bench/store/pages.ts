/** Chromium with a profile on disk, for one contender after the other. */

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { launchProfile } from '../../chromium.ts'
import type { Took } from './contest.ts'
import type { Crowded } from './crowd.ts'
import type { Contest } from './serve.ts'

/** Bundles a page, has it do something in a new profile under `folder`, and removes that. */
async function inPage<T> (script: string, folder: string, work: (page: Page) => Promise<T>): Promise<T & { version: string }> {
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
    return { ...await work(page), version: context.browser()?.version() ?? 'unknown' }
  } finally {
    await context.close()
    server.close()
    server.closeAllConnections()
    await rm(profile, { recursive: true, force: true, maxRetries: 3 })
  }
}

type Shown = typeof globalThis & { bench: Contest }

/** Runs one of a page's contenders. */
export async function runPage (script: string, name: string, mib: number, folder: string): Promise<Took & { version: string }> {
  return await inPage(script, folder, page => page.evaluate(async ({ name, mib }) => {
    return await (globalThis as Shown).bench.compete(name, mib)
  }, { name, mib }))
}

/** Gives a page's store so many small blocks. */
export async function crowdPage (script: string, count: number, folder: string): Promise<Crowded & { version: string }> {
  return await inPage(script, folder, page => page.evaluate(async count => await (globalThis as Shown).bench.crowd(count), count))
}
