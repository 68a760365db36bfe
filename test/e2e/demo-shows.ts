/** What the demo shows beside the film, each for a few seconds with two viewers, and its switches, as somebody presses them. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Demo } from '@shoal/demo'
import type { Browser, Page } from 'playwright-core'

const PICTURES = 6
const PICTURE_BYTES = 300_000
/** How long something that should come may take. */
const WAIT_MS = 20_000
/** And how far a player is to go on. */
const PLAYED_S = 3
const LATENCY_MOST_S = { live: 30, low: 8 } as const

interface Figures {
  readonly position: number
  readonly latency?: number
  readonly stalls: number
  readonly fromViewers: number
  readonly fromNode: number
  readonly fromOrigin: number
  readonly pictures: number
  readonly held: number
  readonly troubles: readonly string[]
}

export interface ShowFigures {
  readonly live: { readonly latency: number, readonly fromPeers: number }
  readonly low: { readonly latency: number, readonly fromPeers: number }
  readonly files: { readonly fromPeers: number }
}

/** @returns figures, and what went wrong */
export async function watchShows (browser: Browser, demo: Demo): Promise<{ shows: Partial<ShowFigures>, faults: string[] }> {
  const shows: Partial<Record<keyof ShowFigures, object>> = {}
  const faults: string[] = []
  for (const [name, watch] of Object.entries({ live: async () => await watchLive('live'), low: async () => await watchLive('low'), files: watchFiles })) {
    try {
      shows[name as keyof ShowFigures] = await watch()
    } catch (error) {
      faults.push(`${name}: ${(error as Error).message}`)
    }
  }
  return { shows: shows as Partial<ShowFigures>, faults }

  async function visit (show: string): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage()
    await page.goto(`${demo.url}?show=${show}`)
    await page.waitForFunction(() => 'shoalDemo' in window)
    return page
  }

  async function close (pages: readonly Page[]): Promise<void> {
    demo.origin.down = false
    await demo.relay.set(false)
    for (const page of pages) await page.context().close()
  }

  async function watchLive (name: 'live' | 'low'): Promise<object> {
    const pages = [await visit(name)]
    try {
      await plays(pages[0] as Page, 'the first viewer')
      pages.push(await visit(name))
      const second = pages[1] as Page
      await plays(second, 'the second viewer')
      // of a live stream the node beside the origin always has the newest
      await until(second, ({ fromViewers, fromNode }) => fromViewers + fromNode > 0, 'the second viewer takes from peers')
      if (name === 'live') {
        for (const id of ['origin', 'relay']) await second.click(`#${id}`)
        await expect(async () => demo.origin.down && demo.relay.down, 'origin and relay are off')
        for (const page of pages) await plays(page, 'a viewer without origin and relay')
      }
      const figures = await figuresOf(second)
      const latency = figures.latency ?? Infinity
      if (latency > LATENCY_MOST_S[name]) throw new Error(`expected at most ${LATENCY_MOST_S[name]} s behind the edge, got ${latency.toFixed(1)} s`)
      return { latency: Math.round(latency * 10) / 10, fromPeers: figures.fromViewers + figures.fromNode }
    } finally {
      await close(pages)
    }
  }

  async function watchFiles (): Promise<object> {
    const pages = [await visit('files')]
    try {
      const [first] = pages as [Page]
      await until(first, ({ pictures }) => pictures === PICTURES, 'the pictures are there')
      // what the network gave while the content was being opened is passed on to the page
      await until(first, ({ held }) => held >= PICTURE_BYTES, 'the first viewer has them for others')
      await download(first)
      await first.click('#origin')
      await expect(async () => demo.origin.down, 'the origin is off')
      const second = await visit('files')
      pages.push(second)
      await until(second, ({ pictures }) => pictures === PICTURES, 'the pictures are there for the second viewer, without an origin')
      return { fromPeers: (await figuresOf(second)).fromViewers }
    } finally {
      await close(pages)
    }
  }
}

async function download (page: Page): Promise<void> {
  const [file] = await Promise.all([page.waitForEvent('download', { timeout: WAIT_MS }), page.click('#download')])
  await file.cancel()
}

async function plays (page: Page, who: string): Promise<void> {
  const { position, troubles } = await figuresOf(page)
  await until(page, now => now.position > position + PLAYED_S, `${who} plays on (${troubles.slice(-3).join('; ')})`)
}

async function until (page: Page, so: (figures: Figures) => boolean, what: string): Promise<void> {
  await expect(async () => so(await figuresOf(page)), what)
}

async function expect (condition: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + WAIT_MS; !await condition(); await sleep(200)) {
    if (performance.now() > end) throw new Error(`waited ${WAIT_MS / 1000} s in vain until ${what}`)
  }
}

async function figuresOf (page: Page): Promise<Figures> {
  return await page.evaluate(() => (window as unknown as { shoalDemo: { figures (): Figures } }).shoalDemo.figures())
}
