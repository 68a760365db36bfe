import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DataInUseError, StoreError } from '@shoal/interface'
import { MemoryDatastore } from 'datastore-core'
import { LevelDatastore } from 'datastore-level'
import type { Datastore } from 'interface-datastore'
import type { Config } from '../config.js'

/** LevelDB in the data folder, which also makes this process its only owner; memory without one. */
export async function nodeDatastore (config: Config): Promise<{ datastore: Datastore, close: () => Promise<void> }> {
  if (config.data === undefined) return { datastore: new MemoryDatastore(), close: () => Promise.resolve() }
  const datastore = new LevelDatastore(join(config.data, 'records'))
  try {
    await mkdir(config.data, { recursive: true, mode: 0o700 })
    // not by the datastore's own `open`, whose error keeps no cause
    await datastore.db.open({ compression: false })
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error & { code?: string } }
    if (cause?.code === 'LEVEL_LOCKED') {
      throw new DataInUseError(`the data folder ${config.data} is in use by another process: stop it, or give another folder`, { cause: error })
    }
    throw new StoreError(`the data folder ${config.data} cannot be opened: ${cause?.message ?? message}`, { cause: error })
  }
  return { datastore, close: async () => { await datastore.close() } }
}
