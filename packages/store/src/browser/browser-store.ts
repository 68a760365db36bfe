import type { BlockStore } from '@shoal/interface'
import { MediumStore } from '../medium-store.js'
import { DatabaseMedium } from './database-medium.js'

export interface BrowserStoreInit {
  /** Of the database. */
  name: string
  /** Bytes at most; each block counts as a multiple of 4 KiB. The browser may allow less: then older blocks make room. */
  quota: number
}

/**
 * Blocks in IndexedDB. Several tabs may have the same one open: what another tab puts is seen after the next `open`, what another tab
 * evicted is noticed when it is read, and the quota holds for each tab's own view.
 */
export function browserStore (init: BrowserStoreInit): BlockStore {
  return new MediumStore(new DatabaseMedium(init.name), init.quota)
}
