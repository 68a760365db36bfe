import { MemoryDatastore } from 'datastore-core'
import type { Config } from '../config.js'
import type { Platform } from '../platform.js'
import type { Visibility } from './device.js'
import { browserNetwork } from './network.js'
import { addressRules, browserSurroundings } from './surroundings.js'

/** A tab that keeps to itself keeps all in memory, and loads nothing of what would outlive it. */
function inMemory ({ share, store: { kind } }: Config): boolean {
  return !share || kind === 'memory'
}

/** @param page tells whether somebody sees what the node serves. @default the document */
export function browserPlatform (page?: Visibility): Platform {
  return {
    surroundings: browserSurroundings,
    addressRules,
    async datastore (config) {
      if (inMemory(config)) return { datastore: new MemoryDatastore(), close: () => Promise.resolve() }
      return await (await import('./persistent.js')).persistentDatastore(config)
    },
    async store (config) {
      // most pages never need the first, the others never the second
      return inMemory(config) ? (await import('@shoal/store')).memoryStore(config.store) : (await import('./persistent.js')).persistentStore(config)
    },
    network: browserNetwork,
    watchDevice: async (tell, clock) => await (await import('./device.js')).watchDevice(tell, clock, undefined, page),
    walk: undefined,
    liveFolder: undefined,
    record: undefined,
    stat: undefined,
    sink: undefined
  }
}
