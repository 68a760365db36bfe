import type { Surroundings } from '../config.js'
import { THROUGH_RELAYS } from '../defaults.js'
import { browserDevice } from '../quotas.js'

/** What a page has. */
export const browserSurroundings: Surroundings = {
  listen: [],
  listenThrough: THROUGH_RELAYS,
  uploadSlots: 6,
  connections: 100,
  capacity: 2,
  device: browserDevice(globalThis.navigator),
  persistent: options => options.share !== false && options.store?.kind !== 'memory'
}

/** A page that was itself served from a loopback or private address may dial such addresses and `ws://`; any other may not. */
export function addressRules (): 'browser-public' | 'browser-local' {
  const { hostname } = globalThis.location
  const local = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\]|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+)$/
  return local.test(hostname) ? 'browser-local' : 'browser-public'
}
