import type { BlockStore } from '@shoal/interface'
import { MediumStore, type MediumStoreInit } from '../medium-store.js'
import { DatabaseMedium } from './database-medium.js'

/** The browser may allow less than the quota: then older blocks make room. */
export interface BrowserStoreInit extends MediumStoreInit {
  /** Of the database. */
  name: string
}

/**
 * Blocks in IndexedDB. Several tabs may have the same one open: they share the quota, and each sees what the others put, evict and pin.
 */
export function browserStore (init: BrowserStoreInit): BlockStore {
  return new MediumStore(new DatabaseMedium(init.name, init), init)
}
