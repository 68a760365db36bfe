/**
 * Real players in a real browser over Shoal: hls.js, Shaka Player, dash.js, video.js, and what the browser plays by itself behind a service
 * worker. Each plays, seeks, switches quality, loses the origin, loses all peers, goes offline and back, is put into the background and
 * loaded anew. And the origin gives them what is broken, changed or refused.
 *
 *     node test/e2e/players.ts [PLAYER…]
 */

import { fileURLToPath } from 'node:url'
import { launchChromium } from '../chromium.ts'
import { Checks } from '../support/checks.ts'
import { mediaOf } from './players/origin.ts'
import { bad } from './players/bad.ts'
import { encrypted } from './players/encrypted.ts'
import { findFirefox, firefox, NAME } from './players/firefox.ts'
import { life } from './players/life.ts'
import { startSite } from './players/site.ts'
import type { Cast } from './players/theatre.ts'

const PLAYERS: Readonly<Record<string, readonly string[]>> = {
  hls: ['main.m3u8'],
  shaka: ['manifest.mpd'],
  dash: ['manifest.mpd'],
  videojs: ['main.m3u8'],
  native: ['clip.mp4']
}

/** Those that play HLS with AES-128. */
const ENCRYPTED = ['hls', 'shaka', 'videojs']
const AT_ONCE = 2

const only = process.argv.slice(2)
const checks = new Checks()
const files = await mediaOf(fileURLToPath(new URL('players/media', import.meta.url)))
// one pixel
files.set('poster.png', Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'))
const site = await startSite()
const browser = await launchChromium()
try {
  const lives = Object.entries(PLAYERS)
    .filter(([player]) => only.length === 0 || only.includes(player))
    .flatMap(([player, paths]) => paths.map((path): Cast => ({ browser, site: site.url, files, player, path })))
    .flatMap(cast => [async () => { await life(checks, cast) }, async () => { await bad(checks, cast) }])
  const locked = await mediaOf(fileURLToPath(new URL('../../packages/content/test/fixtures/ffmpeg/hls-aes', import.meta.url)))
  for (const player of ENCRYPTED.filter(player => only.length === 0 || only.includes(player))) {
    lives.push(async () => { await encrypted(checks, { browser, site: site.url, files: locked, player, path: 'index.m3u8' }) })
  }
  if (only.length === 0 || only.includes('firefox')) {
    const executable = findFirefox()
    if (executable === undefined) {
      checks.skip(NAME, 'THERE IS NO FIREFOX HERE, and this was NOT tested: install one, or name it in FIREFOX_PATH')
    } else lives.push(async () => { await firefox(checks, executable, browser, site, files) })
  }
  // each is apart from the others, and waits most of the time
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = lives.shift(); next !== undefined; next = lives.shift()) await next()
  }))
} finally {
  await browser.close()
  site.stop()
}
checks.end()
