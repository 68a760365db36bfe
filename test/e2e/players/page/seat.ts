import type { PlayerOptions } from '@shoal/players'
import type { Content, Shoal } from 'shoal'

/** What a player plays, and over what. */
export interface Show {
  readonly origin: string
  readonly link: string
  readonly bootstrap: readonly string[]
  /** Playlist or MPD, or a file, below the origin. */
  readonly path: string
}

/** What each player is driven by. */
export interface Seat {
  /** The rung to play from now on: 0 the lower, 1 the upper. */
  quality (rung: 0 | 1): void
  /** After an error that the player takes for the end. */
  again (): void
  /** Bits per second, where the player tells. */
  bandwidth (): number | undefined
}

export interface Stage {
  readonly video: HTMLVideoElement
  readonly show: Show
  readonly shoal: Promise<Shoal> | (() => undefined)
  readonly options: Pick<PlayerOptions, 'base' | 'onfallback' | 'onrequest'> & { link: string }
  /** An error that the player reports. */
  readonly trouble: (what: string) => void
}

export type Open = (stage: Stage) => Promise<Seat>

export type { Content }

/** Seconds that players keep ahead, so that what is wanted next is asked for while it is watched. */
export const BUFFER_SECONDS = 5
