/**
 * No node is special: in the middle of a stream all bootstrap nodes, which are the relays and the DHT, and the publisher are killed.
 * Whoever watches goes on, in Node.js and in Chromium; newcomers who know any one living node that can be reached join; and two pages go on
 * when no node is left at all.
 *
 *     node test/e2e/bootstrap-loss.ts
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { Content, Shoal } from 'shoal'
import { launchChromium } from '../chromium.ts'
import { Checks, Problem } from '../support/checks.ts'
import { pageServer } from '../support/pages.ts'
import { startShoal, type ShoalChild } from '../support/shoal-child.ts'

const BYTES = 12_000_000
/** Of each of the two who have the content, so that a stream takes some seconds. */
const UPLOAD = '2MB'
const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']

interface PageGlobals {
  shoal: { createShoal (options: object): Promise<Shoal> }
  node: Shoal
  content: Content
  progress: number
}

const checks = new Checks()
const children = new Set<ShoalChild>()
const server = await pageServer()
const browser = await launchChromium()

async function begin (options: NonNullable<Parameters<ShoalChild['ask']>[0] & { do: 'start' }>['options']): Promise<{ child: ShoalChild, addrs: readonly string[] }> {
  const child = await startShoal()
  children.add(child)
  const { addrs = [] } = await child.ask({ do: 'start', options })
  return { child, addrs }
}

async function kill (...killed: readonly ShoalChild[]): Promise<void> {
  for (const child of killed) children.delete(child)
  await Promise.all(killed.map(child => child.kill()))
}

/** A page with a node. */
async function watcher (bootstrap: readonly string[]): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(server.url)
  await page.evaluate(async bootstrap => {
    const all = globalThis as unknown as PageGlobals
    all.node = await all.shoal.createShoal({ bootstrap, share: false })
  }, bootstrap.filter(addr => addr.includes('/ws/')))
  return page
}

/** Reads up to the end, or to a share of it, from peers alone. Resolves with the SHA-256 of what was read. */
async function read (page: Page, link: string, share = 1): Promise<string> {
  return await page.evaluate(async ({ link, share }) => {
    const all = globalThis as unknown as PageGlobals
    all.content ??= await all.node.open(link, { mode: 'p2p' })
    const { bytes: size } = all.content.summary
    const parts: Uint8Array<ArrayBuffer>[] = []
    all.progress = 0
    for await (const { path } of all.content.segments()) {
      for await (const bytes of all.content.read(path, { end: Math.floor(size * share) })) {
        parts.push(bytes as Uint8Array<ArrayBuffer>)
        all.progress += bytes.byteLength
      }
    }
    const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer())
    return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('')
  }, { link, share })
}

const progressOf = async (page: Page): Promise<number> => await page.evaluate(() => (globalThis as unknown as PageGlobals).progress ?? 0)

function expect (condition: boolean, message: string): void {
  if (!condition) throw new Problem(message)
}

try {
  const [first, second] = [await begin({ server: true, listen: LISTEN }), await begin({ server: true, listen: LISTEN })]
  const bootstrap = [...first.addrs, ...second.addrs]
  const upload = { rate: UPLOAD }
  const publisher = await begin({ listen: LISTEN, bootstrap, upload })
  const { link = '', digest } = await publisher.child.ask({ do: 'publish', name: 'stream', bytes: BYTES })
  // one who has seen it all
  const holder = await begin({ listen: LISTEN, bootstrap, upload })
  await holder.child.ask({ do: 'fetch', link, keep: true })
  const edge = await begin({ server: true, listen: LISTEN, bootstrap })
  const viewers = [await begin({ listen: LISTEN, bootstrap }), await begin({ listen: ['/p2p-circuit', '/webrtc'], bootstrap })]
  const pages = [await watcher(bootstrap), await watcher(bootstrap)] as const

  const watching = viewers.map(({ child }) => child.ask({ do: 'fetch', link, keep: true }).then(told => told.digest))
  const inPage = read(pages[0], link)
  // the other one stays in the middle until no node is left
  const half = read(pages[1], link, 0.5)
  for (const promise of [...watching, inPage, half]) promise.catch(() => {})

  await checks.check('bootstrap nodes, relays and the publisher are killed in the middle of the stream, and whoever watches sees all of it', async () => {
    for (;;) {
      const progress = await Promise.all([
        ...viewers.map(async ({ child }) => (await child.ask({ do: 'progress' })).progress ?? 0), progressOf(pages[0]), progressOf(pages[1])
      ])
      if (progress.every(bytes => bytes > 0)) {
        expect(progress.slice(0, 3).some(bytes => bytes < BYTES), 'all were through before anything was killed')
        console.log(`          killed at ${progress.map(bytes => `${Math.round(100 * bytes / BYTES)} %`).join(', ')}`)
        break
      }
      await sleep(20)
    }
    await kill(first.child, second.child, publisher.child)
    for (const got of await Promise.all([...watching, inPage])) expect(got === digest, 'what came is not what was published')
    await half
  })

  await checks.check('a newcomer in Node.js who knows one of the viewers joins', async () => {
    const newcomer = await begin({ listen: LISTEN, bootstrap: holder.addrs.slice(0, 1) })
    expect((await newcomer.child.ask({ do: 'fetch', link })).digest === digest, 'what came is not what was published')
  })

  await checks.check('a newcomer in Node.js who knows a server that came later joins', async () => {
    const newcomer = await begin({ listen: LISTEN, bootstrap: edge.addrs.slice(0, 1) })
    expect((await newcomer.child.ask({ do: 'fetch', link })).digest === digest, 'what came is not what was published')
  })

  await checks.check('a newcomer in Chromium who knows one of the viewers joins', async () => {
    const page = await watcher(holder.addrs)
    expect(await read(page, link) === digest, 'what came is not what was published')
    await page.close()
  })

  await checks.check('two pages in Chromium go on when no node is left', async () => {
    const held = await pages[1].evaluate(() => (globalThis as unknown as PageGlobals).node.status.contents[0]?.held ?? 0)
    expect(held < 0.9 * BYTES, `it has ${held} bytes already`)
    await kill(...children)
    expect(await read(pages[1], link) === digest, 'what came is not what was published')
    const routes = await pages[1].evaluate(() => (globalThis as unknown as PageGlobals).node.status.peers.map(({ route }) => route))
    expect(routes.length > 0 && routes.every(route => route === 'webrtc'), `expected sessions by webrtc alone, they are by ${routes.join(', ')}`)
  })
} finally {
  await kill(...children)
  await browser.close()
  server.close()
}
checks.end()
process.exit()
