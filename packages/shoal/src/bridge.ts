/**
 * The inside of a running node, for packages that carry contents to and from other worlds. Not for applications: it changes without notice.
 *
 * @packageDocumentation
 */

import { ConfigError, type Shoal } from '@shoal/interface'
import type { Bridge } from './bridge-types.js'

export type { Bridge, BridgedFiles } from './bridge-types.js'
export type { OpenContent } from './content.js'

/** @throws ConfigError when it was not made by `createShoal` of this package, or has no network: that of a page may be in another tab */
export function bridgeOf (shoal: Shoal): Bridge {
  const { bridge } = shoal as { bridge?: Bridge }
  if (bridge === undefined) throw new ConfigError('expected a node with a network that createShoal made; in a page, one with share: false')
  return bridge
}
