/** Everything that one viewer needs, apart from all others: an origin, a peer that has it all, and a browser context with the page. */

import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createShoal, type Shoal } from 'shoal'
import { expect, sleep } from '../../support/waiting.ts'
import { startOrigin, type Origin } from './origin.ts'
import type { Cinema, Figures } from './page/page.ts'

type Here = typeof globalThis & { cinema: Cinema }

/** Segments that are the media, and no playlist, MPD or init segment. */
export const isMedia = (path: string): boolean => /\.(m4s|ts)$/.test(path) || path === 'clip.mp4'

/** Who plays what, and where. */
export interface Cast {
  readonly browser: Browser
  readonly site: string
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly player: string
  /** What it plays. */
  readonly path: string
}

export class Theatre {
  readonly origin: Origin
  readonly page: Page
  readonly context: BrowserContext
  readonly #cast: Cast
  #seeder: Shoal | undefined
  #link = ''

  private constructor (cast: Cast, origin: Origin, context: BrowserContext, page: Page) {
    this.#cast = cast
    this.origin = origin
    this.context = context
    this.page = page
  }

  static async open (cast: Cast): Promise<Theatre> {
    const origin = await startOrigin(cast.files)
    const context = await cast.browser.newContext({ viewport: { width: 640, height: 360 } })
    return new Theatre(cast, origin, context, await context.newPage())
  }

  /** A peer that has all of it. */
  async seed (): Promise<void> {
    await this.unseed()
    this.#seeder = await createShoal({ server: true, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const { files, player, path } = this.#cast
    const { manifest } = await this.#seeder.publishBytes(files, { name: `${player} ${path}`, origin: this.origin.url })
    this.#link = `shoal:${manifest}`
  }

  async unseed (): Promise<void> {
    await this.#seeder?.stop()
    this.#seeder = undefined
  }

  /** Loads the page anew and begins to play. */
  async play (node = true): Promise<void> {
    const { site, player, path } = this.#cast
    await this.page.goto(site)
    await this.page.waitForFunction('"cinema" in globalThis')
    const show = { origin: this.origin.url, link: this.#link, bootstrap: [...this.#seeder?.addrs ?? []], path }
    await this.page.evaluate(async ([player, show, node]) => {
      await (globalThis as Here).cinema.open(player, show, node)
    }, [player, show, node] as const)
  }

  async figures (): Promise<Figures> {
    return await this.page.evaluate(() => (globalThis as Here).cinema.figures())
  }

  async peers (): Promise<number> {
    return await this.page.evaluate(() => (globalThis as Here).cinema.peers())
  }

  async seek (seconds: number): Promise<void> {
    await this.page.evaluate(seconds => { (globalThis as Here).cinema.seek(seconds) }, seconds)
  }

  async quality (rung: 0 | 1): Promise<void> {
    await this.page.evaluate(rung => { (globalThis as Here).cinema.quality(rung) }, rung)
  }

  async again (): Promise<void> {
    await this.page.evaluate(() => { (globalThis as Here).cinema.again() })
  }

  /** Waits until something is so of the figures, and starts the player again where it has given up. */
  async until (seconds: number, test: (figures: Figures) => boolean, what: string, again = false): Promise<Figures> {
    for (const end = performance.now() + seconds * 1000; ;) {
      const figures = await this.figures()
      if (test(figures)) return figures
      const { got, fallbacks, troubles, ...rest } = figures
      expect(performance.now() < end, `${what}: not within ${seconds} s, ${JSON.stringify(rest)}, got ${got.slice(-8).map(({ path, via }) => `${path} ${via}`).join(', ')}\n` +
        `fallbacks: ${fallbacks.slice(-6).join('; ')}\ntroubles: ${troubles.slice(-6).join('; ')}`)
      if (again) await this.again()
      await sleep(100)
    }
  }

  /** Plays at least this much on from where it is. */
  async playsOn (seconds: number, what: string, from?: number, again = false): Promise<Figures> {
    const start = from ?? (await this.figures()).time
    return await this.until(20, ({ time, ended }) => (time >= start + seconds && time < start + seconds + 15) || ended, what, again)
  }

  async stop (): Promise<void> {
    await this.context.close()
    await this.unseed()
    this.origin.stop()
  }
}
