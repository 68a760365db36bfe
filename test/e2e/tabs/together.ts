/** Three tabs with one node, seen by a peer outside: its tab is closed in the middle of what another reads, the next one is frozen. */

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { createShoal, type Shoal } from 'shoal'
import { Problem, type Checks } from '../../support/checks.ts'

const PIECE = 131_072
/** The origin sends a piece in this time, so that a read takes a while. */
const PIECE_MS = 60
const FILM = Uint8Array.from({ length: 6 * 1024 * 1024 }, (_, i) => (i * 31 + (i >> 9)) & 0xff)
const HASH = createHash('sha256').update(FILM).digest('hex')
const WAIT_MS = 15_000

interface Reading { bytes: number, hash?: string, error?: string, fallbacks: string[] }
type Here = typeof globalThis & { shoal: { createShoal: typeof createShoal }, node: Shoal, reading: Reading }

async function startOrigin (): Promise<{ url: string, close: () => void }> {
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', 'range')
    response.setHeader('access-control-expose-headers', 'content-range')
    if (request.method === 'OPTIONS') { response.writeHead(204).end(); return }
    const [, from, to] = /bytes=(\d+)-(\d+)?/.exec(request.headers.range ?? '') ?? []
    const start = Number(from ?? 0)
    const end = Math.min(FILM.length, Number(to ?? FILM.length) + 1)
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': end - start, ...from !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${FILM.length}` }
    })
    void (async () => {
      for (let at = start; at < end && !response.destroyed; at += PIECE) {
        response.write(FILM.subarray(at, Math.min(end, at + PIECE)))
        await sleep(PIECE_MS)
      }
      response.end()
    })()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close () { server.close(); server.closeAllConnections() }
  }
}

export async function together (checks: Checks, browser: Browser, pageUrl: string): Promise<void> {
  const origin = await startOrigin()
  const seeder = await createShoal({ server: true, listen: ['/ip4/127.0.0.1/tcp/0/ws'], upload: { rate: '1MB' } })
  const { link } = await seeder.publishBytes(new Map([['film', FILM]]), { name: 'film', origin: origin.url })
  const context = await browser.newContext()

  const tab = async (share = true): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(pageUrl)
    await page.waitForFunction('"shoal" in globalThis')
    await page.evaluate(async ([bootstrap, link, share]) => {
      const here = globalThis as Here
      here.node = await here.shoal.createShoal({ bootstrap, share })
      await here.node.open(link)
    }, [[...seeder.addrs], link, share] as const)
    return page
  }
  const idOf = async (page: Page): Promise<string> => await page.evaluate(() => (globalThis as Here).node.peerId)
  const leads = async (page: Page): Promise<boolean> =>
    await page.evaluate(() => (globalThis as Here & { node: { here: boolean } }).node.here)
  const read = async (page: Page): Promise<void> => {
    await page.evaluate(async link => {
      const here = globalThis as Here
      const reading: Reading = here.reading = { bytes: 0, fallbacks: [] }
      const content = await here.node.open(link)
      content.addEventListener('fallback', ({ detail }) => { reading.fallbacks.push(detail.reason) })
      const parts: Uint8Array[] = []
      void (async () => {
        for await (const part of content.read('film')) {
          parts.push(part)
          reading.bytes += part.byteLength
        }
        const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer())
        reading.hash = [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join('')
      })().catch((error: unknown) => { reading.error = String(error) })
    }, link)
    await page.waitForFunction(() => (globalThis as Here).reading.bytes > 300_000)
  }
  const done = async (page: Page): Promise<Reading> => {
    await page.waitForFunction(() => (globalThis as Here).reading.hash !== undefined || (globalThis as Here).reading.error !== undefined)
    const reading = await page.evaluate(() => (globalThis as Here).reading)
    if (reading.hash !== HASH) throw new Problem(`expected the film, got ${JSON.stringify(reading)}`)
    return reading
  }
  const until = async (condition: () => Promise<boolean> | boolean, what: string): Promise<void> => {
    for (const end = performance.now() + WAIT_MS; !await condition(); await sleep(50)) {
      if (performance.now() > end) throw new Problem(`waited ${WAIT_MS} ms in vain until ${what}`)
    }
  }
  /** Peers that the seeder has a session with. */
  const seen = (): string[] => [...new Set(seeder.status.peers.map(({ peer }) => peer))]

  const pages: Page[] = []
  await checks.check('three tabs are one peer; one that shares nothing is another', async () => {
    for (let n = 0; n < 3; n++) pages.push(await tab())
    const ids = await Promise.all(pages.map(idOf))
    await until(() => seen().length === 1, 'the seeder knows one peer')
    if (new Set([...ids, ...seen()]).size !== 1) throw new Problem(`expected one id, got ${ids.join()} and, outside, ${seen().join()}`)
    const alone = await tab(false)
    const id = await idOf(alone)
    if (ids.includes(id)) throw new Problem('expected an identity of its own')
    await until(() => seen().includes(id), 'the seeder knows it')
    await alone.close()
  })

  await checks.check('the tab with the node is closed while another reads: nothing is lost, and the identity stays', async () => {
    const [first, second, third] = pages as [Page, Page, Page]
    const id = await idOf(first)
    await read(second)
    await first.close()
    const { fallbacks } = await done(second)
    if (!fallbacks.includes('gone')) throw new Problem(`expected it to go to the origin at once, got ${fallbacks.join()}`)
    await until(async () => await leads(second) || await leads(third), 'another leads')
    for (const page of [second, third]) await until(async () => await idOf(page) === id, 'the identity is the same')
  })

  await checks.check('the tab with the node is frozen when another asks for something: nothing is lost, and another leads', async () => {
    const [, second, third] = pages as [Page, Page, Page]
    const [leader, other] = await leads(second) ? [second, third] : [third, second]
    const session = await context.newCDPSession(leader)
    // a page with a lock is not frozen by its lifecycle state; one that a debugger holds does nothing any more, as on a phone
    await session.send('Debugger.enable')
    await session.send('Debugger.pause')
    await read(other)
    await done(other)
    await until(async () => await leads(other), 'the other leads')
    await session.send('Debugger.resume')
    await session.send('Debugger.disable')
    await until(async () => await idOf(leader) === await idOf(other), 'the tab that slept follows')
    if (await leads(leader)) throw new Problem('expected one leader')
  })

  await context.close()
  await seeder.stop()
  origin.close()
}
