/** A page with one player over Shoal, that waits to be told which. */

import type { FallbackReport, RequestReport } from '@shoal/players'
import type { Open, Seat, Show } from './seat.ts'
import type { Shoal } from 'shoal'

const PLAYERS: Readonly<Record<string, () => Promise<{ open: Open }>>> = {
  hls: async () => await import('./hls.ts'),
  shaka: async () => await import('./shaka.ts'),
  dash: async () => await import('./dash.ts'),
  videojs: async () => await import('./videojs.ts'),
  native: async () => await import('./native.ts')
}

export interface Figures {
  readonly time: number
  readonly height: number
  readonly readyState: number
  readonly ended: boolean
  /** End of what is buffered around the playhead. */
  readonly buffered: number
  readonly startMs: number | undefined
  /** The browser decodes H.264. */
  readonly decodes: boolean
  readonly bandwidth: number | undefined
  /** Requests that were answered, and by whom: `peer` and `store` by the largest source of the segment. */
  readonly got: readonly { readonly path: string, readonly via: string }[]
  readonly fallbacks: readonly string[]
  readonly troubles: readonly string[]
}

export interface Cinema {
  open (player: string, show: Show, node?: boolean): Promise<void>
  seek (seconds: number): void
  quality (rung: 0 | 1): void
  again (): void
  figures (): Figures
  /** Peers with a session. */
  peers (): number
  /** Fetches all of the content into this page's store. */
  fetchAll (show: Show): Promise<void>
}

const video = document.querySelector('video') as HTMLVideoElement
const got: { path: string, via: string }[] = []
const fallbacks: string[] = []
const troubles: string[] = []
let seat: Seat | undefined
let node: Shoal | undefined
let startMs: number | undefined
let openedAt = 0
video.addEventListener('timeupdate', () => { if (video.currentTime > 0) startMs ??= performance.now() - openedAt })

async function startNode (show: Show): Promise<Shoal> {
  const { createShoal } = await import('shoal')
  node = await createShoal({ bootstrap: show.bootstrap, iceServers: [], share: false })
  // what a test tells apart: a segment by its path
  node.addEventListener('segment', ({ detail: { path, source } }) => { got.push({ path, via: source }) })
  node.addEventListener('fallback', ({ detail: { path, reason } }) => { fallbacks.push(`node ${path} ${reason}`) })
  return node
}

const cinema: Cinema = {
  async open (player, show, withNode = true) {
    openedAt = performance.now()
    const shoal = withNode ? startNode(show) : () => undefined
    const options = {
      link: show.link,
      base: show.origin,
      onfallback: ({ path, to, reason, error }: FallbackReport) => { fallbacks.push(`${path} to ${to}: ${reason} ${error?.message ?? ''}`) },
      onrequest: ({ path, via }: RequestReport) => { if (via === 'origin') got.push({ path: path ?? '', via: 'direct' }) }
    }
    const { open } = await (PLAYERS[player] as () => Promise<{ open: Open }>)()
    seat = await open({ video, show, shoal, options, trouble: what => { troubles.push(what) } })
    void video.play().catch(() => {})
  },
  seek (seconds) {
    video.currentTime = seconds
    void video.play().catch(() => {})
  },
  quality (rung) { seat?.quality(rung) },
  again () {
    seat?.again()
    if (video.paused) void video.play().catch(() => {})
  },
  figures: () => ({
    time: video.currentTime,
    height: video.videoHeight,
    readyState: video.readyState,
    ended: video.ended,
    buffered: Math.max(0, ...Array.from({ length: video.buffered.length }, (_, i) => i)
      .filter(i => video.buffered.start(i) <= video.currentTime + 0.1).map(i => video.buffered.end(i))),
    startMs,
    decodes: MediaSource.isTypeSupported('video/mp4; codecs="avc1.4d400c"'),
    bandwidth: seat?.bandwidth(),
    got,
    fallbacks,
    troubles
  }),
  peers: () => node?.contents[0]?.stats.connected ?? 0,
  async fetchAll (show) {
    while (node === undefined) await new Promise(resolve => { setTimeout(resolve, 100) })
    await (await node.open(show.link)).fetchAll()
  }
}

Object.assign(globalThis, { cinema })

// a browser that nobody drives
const auto = new URLSearchParams(location.search).get('auto')
if (auto !== null) {
  const { player, show } = JSON.parse(auto) as { player: string, show: Show }
  void cinema.open(player, show)
  setInterval(() => {
    cinema.again()
    void fetch('/figures', { method: 'POST', body: JSON.stringify(cinema.figures()) })
  }, 500)
}
