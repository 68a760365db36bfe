/**
 * A Shoal node in a page: a process of its own, in a network namespace if need be, with a Chromium and a server on loopback that the page
 * comes from. Does what a `shoal-child` does.
 */

import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../chromium.ts'
import { answer, Child } from './child.ts'
import type { Space } from './namespaces.ts'
import type { Ask, Told } from './obedient.ts'
import { bundlePage, servePage } from './pages.ts'

type Order =
  | Ask
  | { readonly do: 'browse', readonly script: string }
  /** The browser; nothing can be asked afterwards. */
  | { readonly do: 'close' }

export type PageChild = Child<Order, Told>

/** What the page runs. */
export async function obedientPage (): Promise<string> {
  return await bundlePage({ contents: "import { obedient } from './obedient.ts'; globalThis.obey = obedient()", folder: fileURLToPath(new URL('.', import.meta.url)) })
}

/** A page without a node yet. @param script of `obedientPage` */
export async function startPage (script: string, space?: Space): Promise<PageChild> {
  const child = await Child.start<Order, Told>(fileURLToPath(import.meta.url), space)
  await child.ask({ do: 'browse', script })
  return child
}

if (process.argv[1] === fileURLToPath(import.meta.url)) inside()

function inside (): void {
  let browser: Browser | undefined
  let page: Page | undefined
  answer(async (order: Order): Promise<Told> => {
    if (order.do === 'browse') {
      const { url } = await servePage(order.script)
      browser = await launchChromium()
      page = await browser.newPage()
      await page.goto(url)
      await page.waitForFunction('"obey" in globalThis')
      return {}
    }
    if (order.do === 'close') {
      await browser?.close()
      return {}
    }
    if (page === undefined) throw new Error('no page was opened')
    return await page.evaluate(async ask => await (globalThis as unknown as { obey: (ask: Ask) => Promise<Told> }).obey(ask), order)
  })
}
