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

export type Took = Readonly<Record<string, number>>
