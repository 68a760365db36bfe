import type { BlockStore } from '@shoal/interface'
import { browserStore } from '@shoal/store/browser'
import { IDBDatastore } from 'datastore-idb'
import type { Datastore } from 'interface-datastore'
import type { Config } from '../config.js'

/** Blocks in IndexedDB, shared by all pages of an origin. */
export function persistentStore ({ network, store: { quota } }: Config): BlockStore {
  return browserStore({ name: `${network}-blocks`, quota })
}

/** Identity, peers and records in IndexedDB. Opened. */
export async function persistentDatastore ({ network }: Config): Promise<{ datastore: Datastore, close: () => Promise<void> }> {
  const datastore = new IDBDatastore(`${network}-records`)
  await datastore.open()
  return { datastore, close: async () => { await datastore.close() } }
}
