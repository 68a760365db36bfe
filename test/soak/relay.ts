/**
 * A relay that is killed and started again, over and over: nodes behind it, a page in Chromium among them, come back each time, and a
 * stranger fetches from each of them through it.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { Shoal } from 'shoal'
import { launchChromium } from '../chromium.ts'
import { pageServer } from '../support/pages.ts'
import { startShoal, type ShoalChild } from '../support/shoal-child.ts'

const NODES = 3
const BYTES = 300_000
/** The relay is away for so long. */
const AWAY_MS = 1_000
/** Whoever is not back after this is wedged. */
const BACK_MS = 90_000
/** From one start of the relay to the next kill, at least. */
const EVERY_MS = 20_000

/** Somebody who is reached through the relay alone. */
interface Client {
  readonly name: string
  addrs (): Promise<readonly string[]>
  publish (name: string): Promise<string>
}

/** @param everyMs how long each relay lives at least. @returns what went wrong */
export async function relay (rounds: number, everyMs = EVERY_MS): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-relay-'))
  const children: ShoalChild[] = []
  const faults: string[] = []
  const server = await pageServer()
  const browser = await launchChromium()
  const begin = async (): Promise<ShoalChild> => {
    const child = await startShoal()
    children.push(child)
    return child
  }
  try {
    let ports = ['0', '0']
    const startRelay = async (): Promise<{ process: ShoalChild, addrs: readonly string[] }> => {
      const process = await begin()
      const listen = [`/ip4/127.0.0.1/tcp/${ports[0]}`, `/ip4/127.0.0.1/tcp/${ports[1]}/ws`]
      const { addrs = [] } = await process.ask({ do: 'start', options: { server: true, listen, data: join(folder, 'relay') } })
      ports = addrs.map(addr => /\/tcp\/(\d+)/.exec(addr)?.[1] ?? '0')
      return { process, addrs }
    }
    let running = await startRelay()
    const bootstrap = [...running.addrs]
    const clients: Client[] = []
    for (let i = 0; i < NODES; i++) clients.push(await nodeClient(`node ${i}`, await begin(), bootstrap))
    const page = await (await browser.newContext()).newPage()
    await page.goto(server.url)
    clients.push(await pageClient(page, bootstrap.filter(addr => addr.includes('/ws'))))

    for (let round = 0; round <= rounds; round++) {
      const started = performance.now()
      if (round > 0) {
        await running.process.kill()
        await sleep(AWAY_MS)
        running = await startRelay()
      }
      const stranger = await begin()
      await stranger.ask({ do: 'start', options: { listen: [], bootstrap } })
      const back = await Promise.all(clients.map(async client => {
        try {
          return await comeBack(client, stranger, round)
        } catch (error) {
          faults.push(`round ${round}: ${client.name}: ${(error as Error).message}`)
          return Infinity
        }
      }))
      await stranger.kill()
      console.log(`${round} of ${rounds} restarts: back and fetched from after ${back.map(ms => (ms / 1000).toFixed(1)).join(', ')} s, ${faults.length} faults`)
      await sleep(round === rounds ? 0 : Math.max(0, everyMs - (performance.now() - started)))
    }
  } finally {
    await browser.close()
    server.close()
    await Promise.all(children.map(child => child.kill()))
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  return faults
}

/** Waits until the client has an address at the relay, and fetches something new from it. Resolves with how long that took. */
async function comeBack (client: Client, stranger: ShoalChild, round: number): Promise<number> {
  const start = performance.now()
  const left = (): number => BACK_MS - (performance.now() - start)
  let addrs: readonly string[] = []
  while (addrs.length === 0) {
    if (left() < 0) throw new Error(`no address at the relay after ${BACK_MS / 1000} s`)
    addrs = (await client.addrs()).filter(addr => addr.includes('/p2p-circuit'))
    await sleep(100)
  }
  const link = await client.publish(`round ${round}`)
  const hints = addrs.map(addr => `addr=${addr}`).join('&')
  const late = sleep(left(), undefined, { ref: false }).then(() => { throw new Error(`nothing could be fetched after ${BACK_MS / 1000} s`) })
  const { fetched } = await Promise.race([stranger.ask({ do: 'fetch', link: `${link}?${hints}` }), late])
  if (fetched?.route !== 'webrtc') throw new Error(`expected the bytes by webrtc, they came by ${fetched?.route}`)
  return performance.now() - start
}

async function nodeClient (name: string, child: ShoalChild, bootstrap: readonly string[]): Promise<Client> {
  await child.ask({ do: 'start', options: { listen: ['/p2p-circuit', '/webrtc'], bootstrap } })
  return {
    name,
    addrs: async () => (await child.ask({ do: 'addrs' })).addrs ?? [],
    publish: async content => (await child.ask({ do: 'publish', name: content, bytes: BYTES })).link ?? ''
  }
}

async function pageClient (page: Page, bootstrap: readonly string[]): Promise<Client> {
  await page.evaluate(async ({ bootstrap }) => {
    const lib = globalThis as unknown as { shoal: { createShoal (options: object): Promise<Shoal> }, node: Shoal }
    lib.node = await lib.shoal.createShoal({ bootstrap, share: false })
  }, { bootstrap })
  return {
    name: 'page',
    addrs: async () => await page.evaluate(() => (globalThis as unknown as { node: Shoal }).node.addrs),
    publish: async name => await page.evaluate(async ({ name, bytes }) => {
      const { node } = globalThis as unknown as { node: Shoal }
      const random = Uint8Array.from({ length: bytes }, () => Math.floor(256 * Math.random()))
      return `shoal:${(await node.publishBytes(new Map([[name, random]]), { name })).manifest}`
    }, { name, bytes: BYTES })
  }
}
