/** What runs in a viewer's page whoever gets the bytes: a player, and what it went through. */

import type Hls from 'hls.js'
import type { HlsConfig } from 'hls.js'

/** What a page is told. */
export interface ViewerConfig {
  readonly playlist: string
  /** Base URL of the paths. */
  readonly base: string
  readonly swarm: string
  /** Of the contender: a tracker, or bootstrap addresses. */
  readonly meet: readonly string[]
  /** By path, SHA-256 in hex: what does not have it is counted. @default nothing is looked at */
  readonly digests?: Readonly<Record<string, string>>
  readonly live: boolean
  /** The stream has parts. */
  readonly lowLatency: boolean
  /** Begin with the lowest rendition, go to the next at this position, seconds. @default the player decides */
  readonly switchAt?: number
}

export interface Figures {
  readonly position: number
  readonly duration: number
  readonly startMs?: number
  readonly stalls: number
  readonly stallMs: number
  readonly ended: boolean
  /** Media behind what is on air now, seconds, at each second since the start; empty where nothing is live. */
  readonly latency: readonly number[]
  /** Media that the player got: path and bytes. */
  readonly delivered: readonly (readonly [string, number])[]
  /** Media with other bytes than the publisher's. */
  readonly wrong: number
  readonly switched: boolean
  readonly troubles: readonly string[]
  /** Bytes of messages that came over data channels. */
  readonly overChannels: number
  readonly heap: number
  /** What the contender says of itself. */
  readonly told: unknown
}

/**
 * The same player for all. As pages for low latency have it, it plays a little faster while it is behind where the playlist wants it: by
 * default hls.js stays behind for good after whatever held it up.
 */
export function player ({ lowLatency }: ViewerConfig): Partial<HlsConfig> {
  return { maxBufferLength: 30, maxMaxBufferLength: 30, ...lowLatency && { maxLiveSyncPlaybackRate: 1.1 } }
}

/** A stall that the end of the film explains is none. */
const NEAR_END_S = 0.3
const SAMPLE_MS = 1_000

export class Viewing {
  readonly #video: HTMLVideoElement
  readonly #config: ViewerConfig
  readonly #delivered: [string, number][] = []
  readonly #latency: number[] = []
  readonly #troubles: string[] = []
  #hls: Hls | undefined
  #startMs: number | undefined
  #stalls = 0
  #stallMs = 0
  #stalledAt: number | undefined
  #ended = false
  #wrong = 0
  #switched = false
  told: () => unknown = () => undefined

  constructor (video: HTMLVideoElement, config: ViewerConfig) {
    this.#video = video
    this.#config = config
    video.addEventListener('playing', () => { this.#plays() })
    video.addEventListener('waiting', () => { this.#waits() })
    video.addEventListener('ended', () => { this.#ended = true })
  }

  /** @param events names of the events of the Hls at hand */
  play (hls: Hls, { Events, ErrorTypes }: typeof Hls): void {
    const video = this.#video
    const { playlist, switchAt } = this.#config
    this.#hls = hls
    if (switchAt !== undefined) hls.loadLevel = 0
    hls.on(Events.FRAG_LOADED, (_name, { frag, part, payload }) => {
      if (frag.sn !== 'initSegment') this.#took(part?.url ?? frag.url, payload)
    })
    hls.on(Events.ERROR, (_name, { fatal, type, details, error }) => {
      this.#troubles.push(`${fatal ? 'fatal ' : ''}${details}: ${error.message}`.slice(0, 200))
      if (!fatal) return
      if (type === ErrorTypes.NETWORK_ERROR) setTimeout(() => { hls.startLoad() }, SAMPLE_MS)
      else hls.recoverMediaError()
    })
    hls.once(Events.MANIFEST_PARSED, () => { void video.play() })
    setInterval(() => { this.#look() }, SAMPLE_MS)
    hls.loadSource(playlist)
    hls.attachMedia(video)
  }

  figures (): Figures {
    const video = this.#video
    const now = performance.now()
    const stalled = this.#stalledAt === undefined ? 0 : now - this.#stalledAt
    const { memory } = performance as unknown as { memory?: { usedJSHeapSize: number } }
    return {
      position: video.currentTime,
      duration: Number.isFinite(video.duration) ? video.duration : 0,
      ...this.#startMs === undefined ? {} : { startMs: this.#startMs },
      stalls: this.#stalls,
      stallMs: this.#stallMs + stalled,
      ended: this.#ended,
      latency: this.#latency,
      delivered: this.#delivered,
      wrong: this.#wrong,
      switched: this.#switched,
      troubles: this.#troubles.slice(-30),
      overChannels: (globalThis as unknown as { overChannels?: number }).overChannels ?? 0,
      heap: memory?.usedJSHeapSize ?? 0,
      told: this.told()
    }
  }

  #plays (): void {
    const now = performance.now()
    this.#startMs ??= now
    if (this.#stalledAt !== undefined) this.#stallMs += now - this.#stalledAt
    this.#stalledAt = undefined
  }

  #waits (): void {
    const video = this.#video
    // of what is live, the end is that of what there is by now
    const ends = !this.#config.live && video.duration - video.currentTime < NEAR_END_S
    if (this.#startMs === undefined || video.seeking || ends) return
    this.#stalls++
    this.#stalledAt ??= performance.now()
  }

  #look (): void {
    const { switchAt } = this.#config
    const hls = this.#hls
    const on = hls?.playingDate
    if (on !== null && on !== undefined && this.#startMs !== undefined) this.#latency.push((Date.now() - on.getTime()) / 1000)
    if (hls !== undefined && switchAt !== undefined && !this.#switched && this.#video.currentTime >= switchAt) {
      this.#switched = true
      hls.loadLevel = 1
    }
  }

  #took (url: string, payload: ArrayBuffer): void {
    const path = url.slice(this.#config.base.length).replace(/\?.*$/, '')
    this.#delivered.push([path, payload.byteLength])
    const digest = this.#config.digests?.[path]
    if (digest === undefined) return
    void crypto.subtle.digest('SHA-256', payload).then(hash => {
      const hex = Array.from(new Uint8Array(hash), byte => byte.toString(16).padStart(2, '0')).join('')
      if (hex !== digest) this.#wrong++
    })
  }
}
