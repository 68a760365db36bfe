import { createHlsLoader, type FallbackReport } from '@shoal/players/hls'
import Hls from 'hls.js'
import type { Shoal } from '@shoal/interface'
import type { Show, ShowName } from '../reports.js'
import type { Model } from './model.js'

/** A fatal network error, with the origin off and no peer yet, is no end: try again after this. */
const RETRY_MS = 2_000
/** Who fell behind the edge, as on a busy machine, comes back to it, a little faster. */
const CATCH_UP = { maxLiveSyncPlaybackRate: 1.1 }
/** Segments that are shown, the newest. */
const CELLS_MAX = 40

export interface Playback {
  /** From the start of the page to the first frame that moved; undefined before. */
  readonly startMs: number | undefined
  /** Times that playback ran dry after it had begun. */
  readonly stalls: number
  readonly ended: boolean
  /** Fatal errors of the player, and each time the player gave up one source for another. */
  readonly troubles: string[]
  /** Seconds from when a picture was taken to when it is shown; undefined for what is not live. */
  latency (): number | undefined
}

export function idle (): Playback {
  return { startMs: undefined, stalls: 0, ended: false, troubles: [], latency: () => undefined }
}

/** Plays with hls.js over Shoal. The node may come later: until then the origin serves as if there were none. */
export function play (video: HTMLVideoElement, name: ShowName, config: Show, shoal: Promise<Shoal>, model: Model): Playback {
  const live = name === 'live' || name === 'low'
  const playback = {
    ...idle(),
    startMs: undefined as number | undefined,
    latency: () => {
      // by the stream's own dates: hls.js's `latency` guesses where the edge is between two playlists, and says 0 when it is wrong
      const { playingDate } = hls
      return live && playingDate !== null ? (Date.now() - playingDate.getTime()) / 1000 : undefined
    }
  }
  const loader = createHlsLoader(shoal, {
    link: config.link,
    base: config.origin,
    media: video,
    onfallback: report => { playback.troubles.push(say(report)) },
    onrequest: ({ path, type, via, bytes }) => { if (type === 'fragment' && via === 'origin' && path !== undefined) model.fetched(path, bytes) }
  })
  const hls = new Hls({ ...loader, maxBufferLength: 24, maxMaxBufferLength: 24, backBufferLength: 30, lowLatencyMode: name === 'low', ...live && CATCH_UP })
  hls.on(Hls.Events.LEVEL_UPDATED, (_name, { details }) => {
    model.setSegments(details.fragments.slice(-CELLS_MAX).map(({ url, start, duration }) => {
      return { path: url.slice(config.origin.length).replace(/\?.*$/, ''), start, duration }
    }))
  })
  let recovered = false
  hls.on(Hls.Events.ERROR, (_name, { fatal, type, details }) => {
    if (!fatal) return
    playback.troubles.push(details)
    if (type === Hls.ErrorTypes.NETWORK_ERROR) {
      setTimeout(() => { if (hls.levels.length === 0) hls.loadSource(url); else hls.startLoad() }, RETRY_MS)
    } else if (!recovered) {
      recovered = true
      hls.recoverMediaError()
    }
  })
  video.addEventListener('playing', () => { playback.startMs ??= performance.now() })
  video.addEventListener('waiting', () => { if (playback.startMs !== undefined && !video.seeking && !nearEnd()) playback.stalls++ })
  video.addEventListener('ended', () => { playback.ended = true })
  video.addEventListener('timeupdate', () => { model.playhead = video.currentTime })
  const url = new URL(config.playlist, config.origin).href
  hls.loadSource(url)
  hls.attachMedia(video)
  // without a gesture browsers may refuse; the controls are there
  hls.once(Hls.Events.MANIFEST_PARSED, () => { video.play().catch(() => {}) })
  return playback

  function nearEnd (): boolean {
    return video.duration - video.currentTime < 0.3
  }
}

function say ({ path, from, to, reason, error }: FallbackReport): string {
  return `${path ?? 'content'}: ${from} to ${to}, ${reason}${error === undefined ? '' : ` (${error.message})`}`
}
