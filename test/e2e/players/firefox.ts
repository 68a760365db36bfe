/** A Firefox without a driver: the page plays by itself and posts its figures. */

import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createShoal, type Shoal } from 'shoal'
import type { Browser } from 'playwright-core'
import type { Checks } from '../../support/checks.ts'
import { expect, sleep } from '../../support/waiting.ts'
import { startOrigin } from './origin.ts'
import { isMedia } from './theatre.ts'
import type { Cinema, Figures } from './page/page.ts'
import type { Show } from './page/seat.ts'
import type { Site } from './site.ts'

type Here = typeof globalThis & { cinema: Cinema }

export const NAME = 'Firefox plays from a page in Chromium, over WebRTC, without an origin'
/** A first start makes a profile. */
const START_MS = 30_000

const PREFERENCES: Readonly<Record<string, unknown>> = {
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  // WebRTC between two pages of one machine, by address
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.peerconnection.ice.loopback': true,
  // and nothing that a browser does by itself
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false
}

/** `FIREFOX_PATH`, or the first in the path. */
export function findFirefox (): string | undefined {
  const named = process.env['FIREFOX_PATH']
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`FIREFOX_PATH is ${named}, but there is no such file: correct it or unset it`)
    return named
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.flatMap(folder => ['firefox', 'firefox-esr'].map(name => join(folder, name))).find(path => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

async function launch (executable: string, url: string): Promise<() => Promise<void>> {
  const profile = await mkdtemp(join(tmpdir(), 'shoal-firefox-'))
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`)
  await writeFile(join(profile, 'user.js'), lines.join('\n'))
  const child = spawn(executable, ['--headless', '--no-remote', '--profile', profile, url], {
    stdio: 'ignore', detached: true, env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' }
  })
  // whoever waits for figures gets none
  child.on('error', () => {})
  return async () => {
    if (child.pid !== undefined && child.exitCode === null) {
      const gone = new Promise(resolve => { child.once('exit', resolve) })
      // it has processes of its own
      process.kill(-child.pid, 'SIGKILL')
      await gone
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A node that relays and has the manifest, and nothing else of the content. */
async function relayOf (files: ReadonlyMap<string, Uint8Array>, origin: string): Promise<{ relay: Shoal, link: string }> {
  const relay = await createShoal({ server: true, listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'], policy: { replication: 0 } })
  const publisher = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: relay.addrs })
  const { manifest, link } = await publisher.publishBytes(files, { name: 'firefox', origin })
  const content = await relay.open(link)
  // a manifest comes page by page
  for await (const _segment of content.segments());
  await publisher.stop()
  return { relay, link: `shoal:${manifest}` }
}

/** Firefox plays what only a page in Chromium has. */
export async function firefox (
  checks: Checks, executable: string, browser: Browser, site: Site, files: ReadonlyMap<string, Uint8Array>
): Promise<void> {
  const origin = await startOrigin(files)
  const { relay, link } = await relayOf(files, origin.url)
  const context = await browser.newContext()
  let close = async (): Promise<void> => {}
  const figures = (): Figures | undefined => site.posted as Figures | undefined
  try {
    const page = await context.newPage()
    const show: Show = { origin: origin.url, link, bootstrap: relay.addrs.filter(addr => addr.includes('/ws')), path: 'main.m3u8' }
    await page.goto(site.url)
    await page.waitForFunction('"cinema" in globalThis')
    await page.evaluate(async show => {
      await (globalThis as Here).cinema.open('hls', show)
      await (globalThis as Here).cinema.fetchAll(show)
    }, show)
    origin.state = 'gone'
    close = await launch(executable, `${site.url}?auto=${encodeURIComponent(JSON.stringify({ player: 'hls', show }))}`)
    for (const end = performance.now() + START_MS; figures() === undefined && performance.now() < end;) await sleep(200)
    if (figures()?.decodes === false) {
      checks.skip(NAME, `${executable} DECODES NO H.264, and this was NOT tested`)
      return
    }
    await checks.check(NAME, async () => {
      for (const end = performance.now() + 60_000; (figures()?.time ?? 0) < 4; await sleep(200)) {
        expect(performance.now() < end, `${executable} does not play: ${JSON.stringify(figures())}`)
      }
      const media = (figures() as Figures).got.filter(({ path }) => isMedia(path))
      expect(media.some(({ via }) => via === 'peer') && media.every(({ via }) => via !== 'direct'),
        `expected segments of a peer, got ${JSON.stringify(media)}`)
    })
  } finally {
    await close()
    await context.close()
    await relay.stop()
    origin.stop()
  }
}
