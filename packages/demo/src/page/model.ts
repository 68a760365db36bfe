import type { SegmentDetail } from '@shoal/interface'

/** Where bytes came from, as the pictures tell it. `viewers` and `node` are both peers. */
export const KINDS = ['viewers', 'node', 'origin'] as const
export type Kind = typeof KINDS[number]
/** In a sentence. */
export const NAMES: Readonly<Record<Kind, string>> = { viewers: 'viewers', node: 'the edge', origin: 'the origin' }
export type Mix = Record<Kind, number>

export interface Cell {
  readonly path: string
  readonly start: number
  readonly duration: number
  readonly mix: Mix
}

export interface Sample extends Mix {
  /** Seconds since the page began. */
  readonly at: number
  readonly given: number
}

const SAMPLES_MAX = 1200
/** Of a stream without an end the oldest are forgotten. */
const SEGMENTS_MAX = 500

function noBytes (): Mix {
  return { viewers: 0, node: 0, origin: 0 }
}

export function sum (mix: Mix): number {
  return mix.viewers + mix.node + mix.origin
}

/** What this viewer received so far, by segment and over time. */
export class Model {
  cells: Cell[] = []
  readonly total: Mix = noBytes()
  /** Bytes received from other viewers over WebRTC. */
  webrtc = 0
  samples: Sample[] = []
  /** Seconds. */
  playhead = 0
  readonly #node: string
  /** By path, also of what is listed no longer, or not yet. */
  readonly #mixes = new Map<string, Mix>()
  /** Given from what was here already. */
  readonly #held = new Set<string>()

  /** @param node the peer id of the node beside the origin */
  constructor (node: string) {
    this.#node = node
  }

  setSegments (segments: readonly Omit<Cell, 'mix'>[]): void {
    this.cells = segments.map(segment => ({ ...segment, mix: this.#mixOf(segment.path) }))
  }

  /** A delivery through Shoal. `overWebRtc` tells which peers are reached over WebRTC. */
  delivered (detail: SegmentDetail, overWebRtc: (peer: string) => boolean): void {
    if (detail.path.endsWith('.m3u8')) return
    for (const { kind, peer, bytes } of detail.sources) {
      // what was in the store has been counted when it came
      if (kind === 'store') {
        this.#held.add(wholeOf(detail.path))
        continue
      }
      this.#add(detail.path, kind === 'origin' ? 'origin' : peer === this.#node ? 'node' : 'viewers', bytes)
      if (kind === 'peer' && peer !== undefined && peer !== this.#node && overWebRtc(peer)) this.webrtc += bytes
    }
  }

  /** A delivery straight from the origin. */
  fetched (path: string, bytes: number): void {
    this.#add(path, 'origin', bytes)
  }

  sample (at: number, given: number): void {
    this.samples.push({ at, given, ...this.total })
    // every second one goes when there are too many: the curve stays, the resolution halves
    if (this.samples.length > SAMPLES_MAX) this.samples = this.samples.filter((_, i) => i % 2 === 0)
  }

  /** Bytes of a segment so far. */
  of (path: string): number {
    return sum(this.#mixOf(path))
  }

  held (path: string): boolean {
    return this.#held.has(path)
  }

  #add (path: string, kind: Kind, bytes: number): void {
    this.total[kind] += bytes
    this.#mixOf(path)[kind] += bytes
  }

  #mixOf (path: string): Mix {
    const whole = wholeOf(path)
    let mix = this.#mixes.get(whole)
    if (mix === undefined) this.#mixes.set(whole, mix = noBytes())
    if (this.#mixes.size > SEGMENTS_MAX) this.#mixes.delete(this.#mixes.keys().next().value as string)
    return mix
  }
}

/** A part counts for its segment: `seg12.3.m4s` for `seg12.m4s`. */
function wholeOf (path: string): string {
  return path.replace(/(\d)\.\d+(\.m4s)$/, '$1$2')
}
