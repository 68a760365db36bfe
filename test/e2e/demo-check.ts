/**
 * The demo, headless: three viewers in browser contexts of their own, one after the other, play the film to the end in real time. Prints
 * one JSON line with the figures and fails when the demo does not do what it shows.
 *
 * What counts as from peers is what came from other viewers over WebRTC. The node beside the origin holds no media here (`seed: false`),
 * unlike that of `npm start`. Should bytes come from it all the same `fromNode` says how many, as `fromViewersOtherwise` does for viewers
 * that were not reached over WebRTC. Neither counts.
 *
 * Then the live streams and the files, each for some seconds with two viewers (demo-shows.ts).
 *
 *   npm run demo:check [-- --screenshot FILE] [-- --shows]     `--shows`: these alone
 */

import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDemo } from '@shoal/demo'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../chromium.ts'
import { watchShows, type ShowFigures } from './demo-shows.ts'

const VIEWERS = 3
const STAGGER_MS = 4_000
const POLL_MS = 1_000
/** Playback may lag behind real time by this much before the run is given up. */
const SLACK_MS = 60_000
const SCREENSHOT_AT = 0.62
const PEER_SHARE_LEAST = 0.7
const ORIGIN_COPIES_MOST = 1.5

interface Figures {
  readonly position: number
  readonly duration: number | null
  readonly startMs?: number
  readonly stalls: number
  readonly ended: boolean
  readonly troubles: readonly string[]
  readonly fromViewers: number
  readonly fromNode: number
  readonly fromOrigin: number
  readonly webrtc: number
  readonly id?: string
  readonly node: string
  readonly peers: readonly string[]
  readonly log: readonly string[]
}

const { values } = parseArgs({ options: { screenshot: { type: 'string' }, shows: { type: 'boolean' } } })
const demo = await startDemo({ seed: false })
let browser: Browser | undefined
try {
  browser = await launchChromium()
  const film = values.shows === true ? undefined : await watch(browser)
  await Promise.all(browser.contexts().map(async context => { await context.close() }))
  const { shows, faults } = await watchShows(browser, demo)
  process.exitCode = report(film, shows, faults)
} finally {
  await browser?.close()
  await demo.stop()
}

async function watch (browser: Browser): Promise<Figures[]> {
  const pages: Page[] = []
  const openAt = performance.now()
  let pictured = values.screenshot === undefined
  let figures: Figures[] = []
  for (;;) {
    const elapsed = performance.now() - openAt
    if (pages.length < VIEWERS && elapsed >= pages.length * STAGGER_MS) pages.push(await visit(browser))
    figures = await Promise.all(pages.map(page => page.evaluate(() =>
      (window as unknown as { shoalDemo?: { figures (): Figures } }).shoalDemo?.figures() ??
      { position: 0, duration: null, stalls: 0, ended: false, troubles: [], fromViewers: 0, fromNode: 0, fromOrigin: 0, webrtc: 0, node: 'starting', peers: [], log: [] })))
    const seconds = figures.find(({ duration }) => duration !== null && duration > 0)?.duration ?? 0
    const done = sum(figures.map(({ position, ended }) => ended ? 1 : seconds === 0 ? 0 : position / seconds)) / VIEWERS
    progress(done, figures)
    if (!pictured && done >= SCREENSHOT_AT) {
      pictured = true
      await pages.at(-1)?.screenshot({ path: values.screenshot as string, fullPage: true })
    }
    if (pages.length === VIEWERS && figures.every(({ ended }) => ended)) break
    if (seconds > 0 && elapsed > seconds * 1000 + VIEWERS * STAGGER_MS + SLACK_MS) break
    if (seconds === 0 && elapsed > SLACK_MS) break
    await sleep(POLL_MS)
  }
  process.stderr.write('\n')
  return figures
}

async function visit (browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } })
  const page = await context.newPage()
  page.on('pageerror', error => { process.stderr.write(`\na page threw: ${error.message}\n`) })
  await page.goto(demo.url)
  return page
}

function progress (done: number, figures: readonly Figures[]): void {
  const width = 30
  const full = Math.round(done * width)
  const shares = figures.map(figure => percent(figure.webrtc / Math.max(1, sum([figure.fromViewers, figure.fromNode, figure.fromOrigin]))))
  process.stderr.write(`\r${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent(done)}   from viewers: ${shares.join('  ')}   `)
}

function report (film: readonly Figures[] | undefined, shows: Partial<ShowFigures>, faults: string[]): number {
  const figures = film ?? []
  const viewers = figures.map(({ ended, stalls, webrtc, fromViewers, fromNode, fromOrigin, startMs }) => ({
    played: ended,
    stalls,
    fromPeers: webrtc,
    fromNode,
    fromViewersOtherwise: fromViewers - webrtc,
    fromOrigin,
    peerShare: round(webrtc / Math.max(1, fromViewers + fromNode + fromOrigin)),
    startMs: startMs === undefined ? null : Math.round(startMs)
  }))
  const sent = sum([...demo.origin.sent].filter(([path]) => path.startsWith('film/') && !path.endsWith('.m3u8')).map(([, bytes]) => bytes))
  const delivered = sum(figures.flatMap(({ fromViewers, fromNode, fromOrigin }) => [fromViewers, fromNode, fromOrigin]))
  const originCopies = round(sent / demo.bytes)
  const offload = round(sum(viewers.map(({ fromPeers }) => fromPeers)) / Math.max(1, delivered))
  process.stdout.write(`${JSON.stringify({ viewers, originCopies, offload, ceiling: round((VIEWERS - 1) / VIEWERS), shows })}\n`)

  for (const [n, { played, stalls, peerShare }] of viewers.entries()) {
    if (!played) faults.push(`viewer ${n + 1} did not play to the end`)
    if (stalls > 0) faults.push(`viewer ${n + 1} stalled ${stalls} times`)
    if (n > 0 && peerShare < PEER_SHARE_LEAST) faults.push(`viewer ${n + 1} took ${percent(peerShare)} from viewers over WebRTC, expected at least ${percent(PEER_SHARE_LEAST)}`)
  }
  if (film !== undefined && viewers.length < VIEWERS) faults.push(`${viewers.length} of ${VIEWERS} viewers opened the page`)
  if (originCopies > ORIGIN_COPIES_MOST) faults.push(`the origin sent ${originCopies} copies, expected at most ${ORIGIN_COPIES_MOST}`)
  for (const fault of faults) process.stderr.write(`✘ ${fault}\n`)
  if (faults.length === 0) return 0
  for (const [n, { id = '', node, peers, log, troubles }] of figures.entries()) {
    process.stderr.write(`  viewer ${n + 1} (${id.slice(-4)}): node ${node}, sessions: ${peers.join(', ') || 'none'}\n`)
    for (const line of log) process.stderr.write(`    ${line}\n`)
    for (const trouble of troubles) process.stderr.write(`    ${trouble}\n`)
  }
  return 1
}

function sum (values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

function percent (share: number): string {
  return `${Math.round(share * 100)} %`
}

function round (value: number): number {
  return Math.round(value * 1000) / 1000
}
