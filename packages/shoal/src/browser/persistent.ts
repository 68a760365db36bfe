import { StoreError, type BlockStore } from '@shoal/interface'
import { browserStore } from '@shoal/store/browser'
import type { Datastore } from 'interface-datastore'
import type { Config } from '../config.js'
import { LastingDatastore } from './lasting-datastore.js'

/** Blocks in the browser's storage, shared by all pages of an origin. */
export function persistentStore ({ network, store: { quota, ttl } }: Config): BlockStore {
  return browserStore({ name: `${network}-blocks`, quota, ttl })
}

/** Identity, peers and records in IndexedDB. Opened. @throws StoreError when the browser refuses */
export async function persistentDatastore ({ network }: Config): Promise<{ datastore: Datastore, close: () => Promise<void> }> {
  const datastore = new LastingDatastore(`${network}-records`)
  try {
    await datastore.open()
  } catch (cause) {
    throw new StoreError(`the browser gives no storage: ${(cause as Error).message}`, { cause })
  }
  return { datastore, close: async () => { await datastore.close() } }
}
