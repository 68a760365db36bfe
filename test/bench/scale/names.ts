/** What the bench asks of one process, and what that says. */

export const KINDS = ['live', 'vod'] as const
export type Kind = typeof KINDS[number]

export interface Job {
  readonly kind: Kind
  readonly peers: number
  readonly seconds: number
  readonly seed: number
  /** Viewers say in which region they are. */
  readonly hints: boolean
  /** The whole node of every viewer; otherwise announcements alone. */
  readonly whole: boolean
  /** Where plots and reports go; empty: nowhere. */
  readonly out: string
}

/** Up to so many viewers a stream lasts as long as it needs to settle; beyond, no longer than this many viewer-seconds take. */
const FULL_S = 120
const LEAST_S = 54
const MOST_VIEWER_S = 400_000

/** Seconds of stream that a machine simulates in some minutes; fewer than the least say nothing of copies from the origin. */
export function secondsFor (peers: number): number {
  return Math.min(FULL_S, Math.max(LEAST_S, Math.floor(MOST_VIEWER_S / peers)))
}

export type Took = Readonly<Record<string, number>>
