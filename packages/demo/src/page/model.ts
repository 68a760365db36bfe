import type { SegmentDetail } from '@shoal/interface'

/** Where bytes came from, as the pictures tell it. `viewers` and `node` are both peers. */
export const KINDS = ['viewers', 'node', 'origin'] as const
export type Kind = typeof KINDS[number]
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
  readonly #early = new Map<string, Mix>()

  /** @param node the peer id of the node beside the origin */
  constructor (node: string) {
    this.#node = node
  }

  setSegments (segments: readonly Omit<Cell, 'mix'>[]): void {
    this.cells = segments.map(segment => ({ ...segment, mix: this.#early.get(segment.path) ?? noBytes() }))
  }

  /** A delivery through Shoal. `overWebRtc` tells which peers are reached over WebRTC. */
  delivered (detail: SegmentDetail, overWebRtc: (peer: string) => boolean): void {
    if (detail.path.endsWith('.m3u8')) return
    for (const { kind, peer, bytes } of detail.sources) {
      // what was in the store has been counted when it came
      if (kind === 'store') continue
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

  #add (path: string, kind: Kind, bytes: number): void {
    this.total[kind] += bytes
    let mix = this.cells.find(cell => cell.path === path)?.mix ?? this.#early.get(path)
    if (mix === undefined) this.#early.set(path, mix = noBytes())
    mix[kind] += bytes
  }
}
