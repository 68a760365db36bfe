/** The viewers of one run: contexts of one headless Chromium, whose pages play what one contender brings. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../../chromium.ts'
import type { ViewerPage } from './begin.ts'
import { counting, sending, type Sending } from './channels.ts'
import type { Figures, ViewerConfig } from './viewing.ts'

/** A page that does not answer in this time is busy, or dead: what it said last counts, and the run goes on. */
const ANSWER_MS = 5_000

export class Viewers {
  readonly #browser: Browser
  readonly #server: Server
  readonly #pages: Viewer[] = []
  /** CPU seconds by process, those that ended included. */
  readonly #cpu = new Map<number, number>()

  private constructor (browser: Browser, server: Server) {
    this.#browser = browser
    this.#server = server
  }

  /** @param files scripts by path; `page.js` comes first */
  static async start (files: ReadonlyMap<string, Uint8Array>, config: () => ViewerConfig): Promise<Viewers> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '/').slice(1)
      const script = files.get(path)
      if (script === undefined && path !== '') { response.writeHead(404).end(); return }
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
      response.end(script ?? '<!doctype html><title>viewer</title><video muted width="160" height="90"></video>' +
        `<script id="config" type="application/json">${JSON.stringify(config()).replaceAll('<', '\\u003c')}</script><script type="module" src="/page.js"></script>`)
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    return new Viewers(await launchChromium({ args: ['--enable-precise-memory-info'] }), server)
  }

  get version (): string {
    return this.#browser.version()
  }

  /** A viewer whose page is ready to be opened. */
  async prepare (out?: Sending): Promise<Viewer> {
    const context = await this.#browser.newContext({ viewport: { width: 320, height: 180 } })
    await context.addInitScript(counting)
    if (out !== undefined) await context.addInitScript(sending, out)
    const viewer = new Viewer(context, await context.newPage(), `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`)
    this.#pages.push(viewer)
    return viewer
  }

  /** CPU time of all processes that the browser has or had, seconds. */
  async cpu (): Promise<number> {
    const session = await this.#browser.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    await session.detach()
    for (const { id, cpuTime } of processInfo) this.#cpu.set(id, cpuTime)
    return [...this.#cpu.values()].reduce((sum, time) => sum + time, 0)
  }

  async close (): Promise<void> {
    await this.#browser.close()
    this.#server.closeAllConnections()
    await new Promise(resolve => { this.#server.close(resolve) })
  }
}

export class Viewer {
  readonly #context: BrowserContext
  readonly #page: Page
  readonly #url: string
  #last: Figures | undefined
  #opened = false
  #left = false
  #dead = false

  constructor (context: BrowserContext, page: Page, url: string) {
    this.#context = context
    this.#page = page
    this.#url = url
    page.on('crash', () => {
      this.#dead = true
      process.stderr.write('a page crashed\n')
    })
    page.on('pageerror', error => { process.stderr.write(`a page threw: ${error.stack ?? error.message}\n`) })
  }

  get left (): boolean {
    return this.#left
  }

  async open (): Promise<void> {
    await this.#page.goto(this.#url)
    this.#opened = true
  }

  /** How it stands; of one that left, how it stood then. */
  async figures (): Promise<Figures | undefined> {
    if (this.#left || this.#dead || !this.#opened) return this.#last
    const said = this.#page.evaluate(() => (globalThis as unknown as { viewer?: ViewerPage }).viewer?.figures()).catch((error: unknown) => {
      if (!this.#dead) throw error
      return undefined
    })
    this.#last = await Promise.race([said, sleep(ANSWER_MS, undefined, { ref: false })]) ?? this.#last
    return this.#last
  }

  /** Closes the page as a user does. */
  async leave (): Promise<void> {
    await this.figures()
    this.#left = true
    await Promise.race([this.#context.close(), sleep(ANSWER_MS, undefined, { ref: false })])
  }
}
