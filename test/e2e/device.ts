/**
 * What a page shares in a real browser as its device changes: the connection becomes cellular and slow, the user saves data, the tab goes
 * to the background and sleeps, the user opts out. Two pages share a content, and a third looks what the second still gives.
 *
 *     node test/e2e/device.ts
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { CDPSession, Page } from 'playwright-core'
import { createShoal } from 'shoal'
import { launchChromium } from '../chromium.ts'
import { Checks } from '../support/checks.ts'
import { expect, sleep } from '../support/waiting.ts'
import type { Viewer } from './device/page.ts'

const PIECES = 6
const PIECE_BYTES = 300_000
const WAIT_S = 20
const POLL_MS = 50
/** A page that is given nothing had this long to be given something. */
const NOTHING_MS = 3_000
/** Longer than a hidden page may be late. */
const SLEEP_MS = 8_000

type Shown = typeof globalThis & { viewer: Viewer }

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('device/page.ts', import.meta.url))],
  bundle: true, write: false, minify: true, format: 'esm', target: 'es2024', platform: 'browser'
})
const files = new Map(Array.from({ length: PIECES }, (_, i) => [`piece${i}.bin`, new Uint8Array(PIECE_BYTES).fill(i + 1)]))
const asked: string[] = []
const server = createServer(({ url = '/' }, response) => {
  const file = files.get(url.slice(1))
  if (file !== undefined) asked.push(url.slice(1))
  response.setHeader('content-type', file !== undefined ? 'application/octet-stream' : url === '/page.js' ? 'text/javascript' : 'text/html')
  response.end(file ?? (url === '/page.js' ? outputFiles[0]?.text : '<!doctype html><title>viewer</title><script type="module" src="/page.js"></script>'))
})
await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
const entry = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'], server: true, upload: { rate: 0 }, policy: { replication: 0 } })
const { manifest } = await entry.publishBytes(files, { name: 'pieces', origin })
const bootstrap = entry.addrs.filter(addr => addr.includes('/ws'))
const browser = await launchChromium()
const checks = new Checks()

async function open (mode: 'auto' | 'p2p'): Promise<{ page: Page, cdp: CDPSession }> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(origin)
  await page.waitForFunction('"viewer" in globalThis')
  await page.evaluate(async options => { await (globalThis as Shown).viewer.open(options) }, { link: `shoal:${manifest}`, bootstrap, mode })
  return { page, cdp: await page.context().newCDPSession(page) }
}

const said = async (page: Page): Promise<string> => await page.evaluate(() => (globalThis as Shown).viewer.said())
const becomes = async (page: Page, expected: string): Promise<void> => {
  for (const end = performance.now() + WAIT_S * 1000; await said(page) !== expected; await sleep(POLL_MS)) {
    expect(performance.now() < end, `expected ${JSON.stringify(expected)}, it says ${JSON.stringify(await said(page))}`)
  }
}
const read = async (page: Page, piece: number, ms?: number): Promise<number> =>
  await page.evaluate(async ([path, ms]) => await (globalThis as Shown).viewer.read(path, ms), [`piece${piece}.bin`, ms] as const)
const allow = async (page: Page, sharing: 'full' | 'download' | 'off'): Promise<void> => {
  await page.evaluate(sharing => { (globalThis as Shown).viewer.allow(sharing) }, sharing)
}
const pretend = async (page: Page, facts: Parameters<Viewer['pretend']>[0]): Promise<void> => {
  await page.evaluate(facts => { (globalThis as Shown).viewer.pretend(facts) }, facts)
}
async function latency (cdp: CDPSession, ms: number): Promise<void> {
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: ms, downloadThroughput: -1, uploadThroughput: -1 })
}

try {
  const giver = await open('auto')
  await checks.check('a page on a desk shares', async () => { await becomes(giver.page, 'hybrid full: an origin is known') })
  await checks.check('cellular: off, and back', async () => {
    await pretend(giver.page, { type: 'cellular' })
    await becomes(giver.page, 'origin off: the connection is metered')
    await pretend(giver.page, { type: 'wifi' })
    await becomes(giver.page, 'hybrid full: an origin is known')
  })
  await checks.check('2g: off, and back', async () => {
    await latency(giver.cdp, 2_000)
    await becomes(giver.page, 'origin off: the connection is slow')
    await latency(giver.cdp, 0)
    await becomes(giver.page, 'hybrid full: an origin is known')
  })
  await checks.check('the user saves data: off, and back', async () => {
    await pretend(giver.page, { saveData: true })
    await becomes(giver.page, 'origin off: the user asked to save data')
    await pretend(giver.page, { saveData: false })
    await becomes(giver.page, 'hybrid full: an origin is known')
  })
  await checks.check('a tab in the background that sleeps: download, and back in front', async () => {
    await giver.page.evaluate(() => { (globalThis as Shown).viewer.hide(true) })
    // no timer fires meanwhile, as in a tab that the browser lets sleep: headless it never does
    await giver.page.evaluate(ms => { for (const end = performance.now() + ms; performance.now() < end;); }, SLEEP_MS)
    await becomes(giver.page, 'hybrid download: the page sleeps in the background')
    await giver.page.evaluate(() => { (globalThis as Shown).viewer.hide(false) })
    await becomes(giver.page, 'hybrid full: an origin is known')
  })

  const taker = await open('p2p')
  await checks.check('a page that shares gives', async () => {
    expect(await read(giver.page, 0) === PIECE_BYTES, 'it could not be read')
    expect(await read(taker.page, 0) === PIECE_BYTES, 'it was not given')
  })
  await checks.check('the user allows downloads alone: nothing is given, and given again after it', async () => {
    await read(giver.page, 1)
    await allow(giver.page, 'download')
    await becomes(giver.page, 'hybrid download: the user gives nothing')
    expect(await read(taker.page, 1, NOTHING_MS) === 0, 'something was given')
    await allow(giver.page, 'full')
    expect(await read(taker.page, 1) === PIECE_BYTES, 'it was not given')
  })
  await checks.check('the user shares nothing: neither given nor taken', async () => {
    await read(giver.page, 2)
    await read(taker.page, 2)
    await allow(giver.page, 'off')
    await becomes(giver.page, 'origin off: the user shares nothing')
    await allow(taker.page, 'off')
    asked.length = 0
    expect(await read(giver.page, 3) === PIECE_BYTES, 'it could not be read')
    expect(asked.join() === 'piece3.bin', `the origin was asked for ${asked.join() || 'nothing'}`)
  })
  await taker.page.close()
} finally {
  await browser.close()
  server.close()
  server.closeAllConnections()
  await entry.stop()
}
checks.end()
