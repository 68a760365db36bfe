import type { CapacityClass } from './announcement.js'

/** What a node is, and what it measured of itself: decides which duties it takes. */
export interface PeerProfile {
  readonly capacity: CapacityClass
  /** Bytes per second from peers and to peers while some were under way, smoothed; `undefined` before the first measurement. */
  readonly downRate: number | undefined
  readonly upRate: number | undefined
  /** Seconds since the node started. */
  readonly uptime: number
  readonly store: { readonly used: number, readonly quota: number }
}

/**
 * What a node does for a content beside what its own reader asks for. `none`: serves who is connected. `seed`: lets itself be found by
 * strangers, too. `cache`: fetches what too few peers hold as well.
 */
export type Duty = 'none' | 'seed' | 'cache'
