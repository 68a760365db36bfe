/** What the compliance suite wants of an adapter, and where the player stands. */

import type { ManualClock } from '@shoal/base'
import type { NodeSource } from '../src/core/source.js'
import type { PlayerOptions, WithContent } from '../src/core/types.js'
import type { StubOrigin } from './stubs.js'

/** A player asks. */
export interface Wanted {
  readonly url: string
  readonly type: 'fragment' | 'playlist' | 'key'
  /** First byte and byte after the last. */
  readonly range?: readonly [number, number]
}

/** What it gets. */
export interface Got {
  readonly kind: 'success' | 'error' | 'abort'
  readonly bytes?: Uint8Array
  /** HTTP status as the player sees it, 0 for none. */
  readonly status?: number
  /** Bytes per ms that its estimate sees, where it makes one. */
  readonly rate?: number | undefined
}

export interface Running { readonly done: Promise<Got>, abort (): void }

/** One player with the adapter under it. Fragments are the one at 12 s, of 4 s; the playhead is at 0. */
export interface Seat {
  load (wanted: Wanted): Running
  end? (): void
}

export type SeatOptions = WithContent<PlayerOptions> & { base: string, clock: ManualClock }

export interface Adapter {
  readonly name: string
  /** `timed`: the player estimates bandwidth and the adapter knows the playhead. */
  readonly timed: boolean
  /** It can tell keys from files. */
  readonly keys: boolean
  /** What the origin gives passes through it. */
  readonly sees: boolean
  seat (shoal: NodeSource, options: SeatOptions, origin: StubOrigin): Seat | Promise<Seat>
}

export const SECONDS = 4
export const START = 12
export const MEDIA = { currentTime: 0, playbackRate: 1 }

/** Lets all that can go on go on. */
export async function settled (): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(resolve => { setTimeout(resolve, 0) })
}
