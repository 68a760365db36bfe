import type { BlockStore } from '@shoal/interface'
import { MediumStore, type MediumStoreInit } from '../medium-store.js'
import { DatabaseMedium } from './database-medium.js'
import { FirstMedium, type Candidate } from './first-medium.js'
import { OpfsMedium } from './opfs-medium.js'

/** The browser may allow less than the quota: then older blocks make room. */
export interface BrowserStoreInit extends MediumStoreInit {
  /** Of the folder, or the database. */
  name: string
}

/**
 * Blocks in packs in the origin-private file system; in IndexedDB where there is none, or where the page may not start the worker that it
 * takes, which a `failed` event says. Several tabs may have the same one open: they share the quota, and each sees what the others put,
 * evict and pin.
 */
export function browserStore (init: BrowserStoreInit): BlockStore {
  const database: Candidate = {
    what: 'IndexedDB', medium: new DatabaseMedium(init.name, init), discard: async () => { await DatabaseMedium.discard(init.name) }
  }
  if (!OpfsMedium.isThere) return new MediumStore(database.medium, init)
  const packs: Candidate = {
    what: 'the origin-private file system', medium: new OpfsMedium(init.name, init), discard: async () => { await OpfsMedium.discard(init.name) }
  }
  return new MediumStore(new FirstMedium([packs, database]), init)
}
