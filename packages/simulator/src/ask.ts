import type { BlockPlace } from '@shoal/interface'

/** A block that was asked for: both ends hold the same object, each with its own view of it. */
export interface Ask {
  readonly place: BlockPlace
  readonly size: number
  readonly askedAt: number
  /** The asker still waits for it. */
  wanted: boolean
  /** The server sends no more of it. */
  dead: boolean
  /** Subscribed to, and not on its way yet. */
  standing: boolean
}
