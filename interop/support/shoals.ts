/** Shoal's ends of a run: nodes in this process, and pages of a headless Chromium. All of one network, and stopped when the run ends. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { createShoal, type Shoal, type ShoalOptions } from 'shoal'
import { launchChromium } from '../../test/chromium.ts'
import type { PageEnd } from './page.ts'

export const NETWORK = 'interop'

const nodes = new Set<Shoal>()

/** A node that listens on loopback, by default on a TCP port. */
export async function shoalNode (options: ShoalOptions = {}): Promise<Shoal> {
  const node = await createShoal({ network: NETWORK, listen: ['/ip4/127.0.0.1/tcp/0'], ...options })
  nodes.add(node)
  return node
}

export async function stopNodes (): Promise<void> {
  const stopping = [...nodes]
  nodes.clear()
  await Promise.all(stopping.map(node => node.stop().catch(() => {})))
}

let chromium: Promise<{ browser: Browser, url: string, server: Server }> | undefined
const pages = new Set<Page>()

async function start (): Promise<{ browser: Browser, url: string, server: Server }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    bundle: true, write: false, format: 'esm', target: 'es2022', platform: 'browser', logLevel: 'error'
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer((request, response) => {
    const wanted = request.url === '/page.js'
    response.setHeader('content-type', wanted ? 'text/javascript' : 'text/html')
    response.end(wanted ? script : '<!doctype html><title>interop</title><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { browser: await launchChromium(), url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** A node in a page with storage of its own. */
export class ShoalPage {
  readonly #page: Page

  private constructor (page: Page) {
    this.#page = page
  }

  static async open (bootstrap: readonly string[]): Promise<ShoalPage> {
    const { browser, url } = await (chromium ??= start())
    const page = await (await browser.newContext()).newPage()
    pages.add(page)
    await page.goto(url)
    await page.waitForFunction(() => 'interop' in globalThis)
    const opened = new ShoalPage(page)
    await opened.ask('start', { network: NETWORK, bootstrap: [...bootstrap] })
    return opened
  }

  async ask<K extends keyof PageEnd> (what: K, ...args: Parameters<PageEnd[K]>): Promise<Awaited<ReturnType<PageEnd[K]>>> {
    return await this.#page.evaluate(async ({ what, args }) => {
      const end = (globalThis as unknown as { interop: Record<string, (...args: unknown[]) => unknown> }).interop
      return await end[what]?.(...args)
    }, { what: what as string, args: args as unknown[] }) as Awaited<ReturnType<PageEnd[K]>>
  }

  async close (): Promise<void> {
    pages.delete(this.#page)
    await this.#page.context().close()
  }
}

export async function closePages (): Promise<void> {
  const closing = [...pages]
  pages.clear()
  await Promise.all(closing.map(page => page.context().close().catch(() => {})))
}

export async function stopChromium (): Promise<void> {
  if (chromium === undefined) return
  const { browser, server } = await chromium
  await browser.close()
  server.close()
  server.closeAllConnections()
}
