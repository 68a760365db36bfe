/** Headless Chromium with a bundle of `page.ts`: a page is one end of one contender. */

import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { launchChromium } from '../../chromium.ts'
import type { EndOptions, Fetched, PageEnds } from './ends.ts'

interface PageBench {
  seed (name: keyof PageEnds, options: EndOptions): Promise<string>
  connect (name: keyof PageEnds, found: string, options: EndOptions): Promise<void>
  fetch (): Promise<Fetched>
  check (): Promise<void>
}

/** No step takes longer than this, whatever the size. */
const STEP_MS = 5 * 60_000
const PROFILE_INTERVAL_US = 500

export class Pages {
  readonly version: string
  readonly #browser: Browser
  readonly #url: string
  readonly #close: () => void

  private constructor (browser: Browser, url: string, close: () => void) {
    this.#browser = browser
    this.version = browser.version()
    this.#url = url
    this.#close = close
  }

  static async start (): Promise<Pages> {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
      bundle: true, write: false, minify: true, keepNames: true, format: 'esm', target: 'es2022', platform: 'browser', logLevel: 'error'
    })
    const script = outputFiles[0]?.text ?? ''
    const server = createServer((request, response) => {
      const wanted = request.url === '/page.js'
      response.setHeader('content-type', wanted ? 'text/javascript' : 'text/html')
      response.end(wanted ? script : '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return new Pages(await launchChromium(), url, () => {
      server.close()
      server.closeAllConnections()
    })
  }

  /** A page with storage of its own. */
  async open (title: string): Promise<PageHandle> {
    const context = await this.#browser.newContext()
    const page = await context.newPage()
    await page.goto(this.#url)
    return new PageHandle(title, context, page)
  }

  /** CPU time of all processes of the browser so far, seconds. */
  async cpu (): Promise<number> {
    const session = await this.#browser.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    await session.detach()
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0)
  }

  async close (): Promise<void> {
    await this.#browser.close()
    this.#close()
  }
}

export class PageHandle {
  readonly #title: string
  readonly #context: BrowserContext
  readonly #page: Page
  #profiler: CDPSession | undefined
  #crashed: Promise<never>

  constructor (title: string, context: BrowserContext, page: Page) {
    this.#title = title
    this.#context = context
    this.#page = page
    this.#crashed = new Promise((_resolve, reject) => {
      page.once('crash', () => { reject(new Error(`${title} crashed`)) })
    })
    this.#crashed.catch(() => {})
  }

  async ask <K extends keyof PageBench> (what: K, ...args: Parameters<PageBench[K]>): Promise<Awaited<ReturnType<PageBench[K]>>> {
    let timer: NodeJS.Timeout | undefined
    try {
      return await Promise.race([
        this.#page.evaluate(async ({ what, args }) => {
          const { bench } = globalThis as unknown as { bench: Record<string, (...args: unknown[]) => unknown> }
          return await bench[what]?.(...args)
        }, { what, args }),
        this.#crashed,
        new Promise((_resolve, reject) => {
          timer = setTimeout(() => { reject(new Error(`took over ${STEP_MS / 1000} s`)) }, STEP_MS)
        })
      ]) as Awaited<ReturnType<PageBench[K]>>
    } catch (error) {
      throw new Error(`${this.#title} failed to ${what}: ${(error as Error).message}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  async startProfile (): Promise<void> {
    const profiler = this.#profiler = await this.#context.newCDPSession(this.#page)
    await profiler.send('Profiler.enable')
    await profiler.send('Profiler.setSamplingInterval', { interval: PROFILE_INTERVAL_US })
    await profiler.send('Profiler.start')
  }

  /** Writes a CPU profile into the working folder. */
  async endProfile (): Promise<void> {
    const { profile } = await this.#profiler?.send('Profiler.stop') ?? {}
    if (profile !== undefined) await writeFile(`${this.#title.replaceAll(' ', '-')}-${Date.now()}.cpuprofile`, JSON.stringify(profile))
  }

  async close (): Promise<void> {
    await this.#context.close()
  }
}
