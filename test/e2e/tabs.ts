/**
 * A page's store in several real tabs of a browser, of which one after the other is closed or crashes while all of them write: nothing is
 * given that is wrong, those that stay lose nothing, the quota is kept. And where the page's policy or the user takes the store away. Then
 * tabs that share a node: it moves when its tab is closed or frozen, and nobody loses what he reads.
 *
 *     node test/e2e/tabs.ts [--rounds N]     tabs that go, 12 by default
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { createShoal, type Shoal } from 'shoal'
import { launchChromium } from '../chromium.ts'
import { Checks, Problem } from '../support/checks.ts'
import type { Tab, Tally } from './tabs/page.ts'
import { together } from './tabs/together.ts'

const TABS = 3
const QUOTA = 200 * 16_384
const MOST_MS_A_ROUND = 400
/** News is under way no longer. */
const SETTLE_MS = 20_000

type Shown = typeof globalThis & { tab: Tab }
type WithShoal = typeof globalThis & { shoal: { createShoal: typeof createShoal }, node: Shoal, errors: string[] }

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '12' } } })
const rounds = Number(values.rounds)
const { outputFiles } = await build({
  entryPoints: ['tabs/page.ts', 'tabs/node.ts'].map(path => fileURLToPath(new URL(path, import.meta.url))),
  outdir: '/',
  bundle: true,
  write: false,
  minify: true,
  // what a bundler does to functions must not matter to the worker
  keepNames: true,
  format: 'esm',
  target: 'es2024',
  platform: 'browser'
})
const scripts = new Map(outputFiles.map(file => [file.path, file.text]))
const server = createServer(({ url = '/' }, response) => {
  const script = scripts.get(url)
  response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
  if (url === '/strict') response.setHeader('content-security-policy', "default-src 'self'; require-trusted-types-for 'script'")
  response.end(script ?? `<!doctype html><title>tab</title><script type="module" src="${url === '/node' ? '/node.js' : '/page.js'}"></script>`)
})
await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const browser = await launchChromium()
const checks = new Checks()

async function show (context: Awaited<ReturnType<typeof browser.newContext>>, name: string, path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(origin + path)
  await page.waitForFunction('"tab" in globalThis')
  await page.evaluate(async ([name, quota]) => { await (globalThis as Shown).tab.open(name, quota) }, [name, QUOTA] as const)
  return page
}

const start = async (page: Page): Promise<void> => { await page.evaluate(() => { (globalThis as Shown).tab.start() }) }
const stop = async (page: Page): Promise<Tally> => await page.evaluate(async () => await (globalThis as Shown).tab.stop())
const held = async (page: Page): ReturnType<Tab['held']> => await page.evaluate(async () => await (globalThis as Shown).tab.held())

function expect (condition: boolean, message: () => string): void {
  if (!condition) throw new Problem(message())
}

/** Closed as a user does, or gone as when its process dies. */
async function end (page: Page, how: 'closed' | 'crashed'): Promise<void> {
  if (how === 'crashed') {
    const session = await page.context().newCDPSession(page)
    const crashed = new Promise(resolve => { page.once('crash', resolve) })
    session.send('Page.crash').catch(() => {})
    await crashed
  }
  await page.close()
}

await checks.check(`${TABS} tabs write while ${rounds} are closed or crash, the one that has the files first`, async () => {
  const context = await browser.newContext()
  let pages: Page[] = []
  let most = 0
  const add = async (): Promise<void> => {
    const page = await show(context, 'tabs')
    page.once('crash', () => { pages = pages.filter(other => other !== page) })
    pages.push(page)
    await start(page)
  }
  while (pages.length < TABS) await add()
  for (let round = 0; round < rounds; round++) {
    await sleep(Math.random() * MOST_MS_A_ROUND)
    // the oldest has the files
    const page = pages[round % 3 === 2 ? 1 : 0] as Page
    pages = pages.filter(other => other !== page)
    await end(page, round % 2 === 0 ? 'closed' : 'crashed')
    // those that shared its process are gone as well
    while (pages.length < TABS) await add()
    most = Math.max(most, await (pages[1] as Page).evaluate(async () => await (globalThis as Shown).tab.bytesInPacks('tabs')))
  }
  for (const page of pages) await page.waitForFunction(() => (globalThis as Shown).tab.hasBeenBusy())
  const tallies = await Promise.all(pages.map(stop))
  expect(most > 0 && most <= QUOTA, () => `expected at most ${QUOTA} bytes in packs, found ${most}`)
  for (const { refused, events } of tallies) {
    const bad = [...Object.keys(refused).filter(name => name !== 'StoreFullError'), ...Object.keys(events).filter(type => type !== 'evicted')]
    expect(bad.length === 0, () => `expected nothing but full stores and evictions, got ${JSON.stringify(tallies)}`)
  }
  const same = async (): Promise<boolean> => {
    const all = await Promise.all(pages.map(held))
    const texts = all.map(({ has, gives }) => `${has.join()}|${gives.join()}`)
    return texts.every(text => text === texts[0]) && all.every(({ has, gives }) => has.length > 0 && has.length === gives.length)
  }
  const until = performance.now() + SETTLE_MS
  while (!await same()) {
    if (performance.now() > until) throw new Problem(`expected all to have the same, got ${JSON.stringify(await Promise.all(pages.map(held)))}`)
    await sleep(50)
  }
  await context.close()
})

await checks.check('a page whose policy allows no such worker keeps its blocks in IndexedDB, and says so', async () => {
  const context = await browser.newContext()
  const page = await show(context, 'strict', '/strict')
  await start(page)
  await sleep(200)
  const { puts, events } = await stop(page)
  expect(puts > 0, () => 'expected it to put, it did not')
  const told = Object.keys(events).filter(event => event.startsWith('failed'))
  expect(told.length === 1 && told[0]?.includes('IndexedDB is used instead') === true, () => `expected one event that says why, got ${JSON.stringify(events)}`)
  const [packs, database] = await page.evaluate(async () => {
    const { tab } = globalThis as Shown
    return [await tab.bytesInPacks('strict'), await tab.bytesInDatabase('strict')]
  })
  expect(packs === -1 && database > 0, () => `expected its blocks in the database alone, found ${packs} bytes in packs and ${database} there`)
  await context.close()
})

await checks.check('a store that the browser takes away while it is open does not stand in the way, and begins anew', async () => {
  const context = await browser.newContext()
  const pages = [await show(context, 'taken'), await show(context, 'taken')] as const
  for (const [i, page] of pages.entries()) expect(await page.evaluate(async i => await (globalThis as Shown).tab.putOne(i), i), () => 'a put failed')
  const session = await context.newCDPSession(pages[0])
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
  for (const [i, page] of pages.entries()) {
    // what it finds to be gone it says, and from then on it is a store as any other
    await held(page)
    expect(await page.evaluate(async i => await (globalThis as Shown).tab.putOne(i), 10 + i), () => `expected tab ${i} to put, it could not`)
  }
  for (const page of pages) {
    const { has, gives } = await held(page)
    const { events } = await stop(page)
    expect(gives.includes(10) && gives.includes(11) && has.length === gives.length, () => `expected what was put since, got ${gives.join()} of ${has.join()}`)
    expect(events['evicted'] !== undefined && Object.keys(events).length === 1, () => `expected it to say what is gone, got ${JSON.stringify(events)}`)
  }
  expect(await pages[0].evaluate(async () => await (globalThis as Shown).tab.bytesInPacks('taken')) > 0, () => 'expected new files')
  await context.close()
})

const seeder = await createShoal({ server: true, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })

/** Starts a node in a page, which notes what it says of its storage. */
async function startNode (page: Page): Promise<void> {
  await page.goto(`${origin}/node`)
  await page.waitForFunction('"shoal" in globalThis')
  await page.evaluate(async bootstrap => {
    const here = globalThis as WithShoal
    here.errors = []
    here.node = await here.shoal.createShoal({ bootstrap })
    here.node.addEventListener('error', ({ detail }) => { here.errors.push(detail.doing) })
    here.node.addEventListener('store:corrupt', () => { here.errors.push('corrupt') })
  }, [...seeder.addrs])
}

/** Resolves with how many bytes came, and what the node said of its storage. */
async function fetchAll (page: Page, link: string, bytes: number): Promise<string[]> {
  const got = await page.evaluate(async link => {
    const content = await (globalThis as WithShoal).node.open(link)
    let bytes = 0
    for await (const part of content.read('x')) bytes += part.byteLength
    return bytes
  }, link)
  expect(got === bytes, () => `expected ${bytes} bytes, got ${got}`)
  return await page.evaluate(() => (globalThis as WithShoal).errors)
}

const film = (fill: number): ReadonlyMap<string, Uint8Array> => new Map([['x', new Uint8Array(3_000_000).fill(fill)]])

await checks.check('a node whose browser refuses all storage delivers from memory, and says so', async () => {
  const { link } = await seeder.publishBytes(film(1), { name: 'refused' })
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.addInitScript(() => {
    const refuse = (): never => { throw new DOMException('denied', 'SecurityError') }
    indexedDB.open = refuse
    navigator.storage.getDirectory = async () => refuse()
  })
  await startNode(page)
  const said = await fetchAll(page, link, 3_000_000)
  expect(said.includes('opening the storage: all is kept in memory instead'), () => `expected it to say so, got ${JSON.stringify(said)}`)
  await context.close()
})

await checks.check('a node whose browser takes its storage away goes on', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await startNode(page)
  const { link } = await seeder.publishBytes(film(2), { name: 'before' })
  expect((await fetchAll(page, link, 3_000_000)).length === 0, () => 'expected it to say nothing')
  const session = await context.newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
  await fetchAll(page, link, 3_000_000)
  const { link: next } = await seeder.publishBytes(film(3), { name: 'after' })
  await fetchAll(page, next, 3_000_000)
  await fetchAll(page, next, 3_000_000)
  await context.close()
})

await seeder.stop()
await together(checks, browser, `${origin}/node`)
await browser.close()
server.close()
server.closeAllConnections()
checks.end()
