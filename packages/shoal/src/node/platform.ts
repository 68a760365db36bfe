import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { memoryStore } from '@shoal/store'
import { fileStore, referenceStore } from '@shoal/store/node'
import { THROUGH_RELAYS } from '../defaults.js'
import type { Platform } from '../platform.js'
import { speaksQuic } from '../quic.js'
import { nodeDatastore } from './datastore.js'
import { nodeNetwork } from './network.js'
import { nodeSink } from './sink.js'
import { walk } from './walk.js'

export const nodePlatform: Platform = {
  surroundings: {
    listen: ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws'],
    listenThrough: THROUGH_RELAYS,
    uploadSlots: 16,
    connections: 300,
    capacity: 2,
    device: 'desktop',
    persistent: options => options.data !== undefined && options.store?.kind !== 'memory'
  },
  addressRules: config => speaksQuic(config) ? 'node-quic' : 'node',
  datastore: nodeDatastore,
  store: ({ data, store: { kind, quota, ttl } }) => referenceStore(
    data === undefined || kind === 'memory' ? memoryStore({ quota, ttl }) : fileStore({ path: join(data, 'store'), quota, ttl })),
  network: nodeNetwork,
  watchDevice: undefined,
  walk,
  liveFolder: async path => await (await import('./live-folder.js')).liveFolder(path),
  record: async (...args) => { await (await import('./record.js')).record(...args) },
  stat: path => stat(path),
  sink: nodeSink
}
