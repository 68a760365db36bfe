/**
 * The inside of a running node, for packages that carry contents to and from other worlds. Not for applications: it changes without notice.
 *
 * @packageDocumentation
 */

import { ConfigError, type Shoal } from '@shoal/interface'
import type { Bridge } from './bridge-types.js'
import { ShoalNode } from './node.js'

export type { Bridge, BridgedFiles } from './bridge-types.js'
export type { OpenContent } from './content.js'

/** @throws ConfigError when it was not made by `createShoal` of this package, or is a page's without a network */
export function bridgeOf (shoal: Shoal): Bridge {
  if (!(shoal instanceof ShoalNode)) throw new ConfigError('expected a node with a network that createShoal of this very package made')
  return shoal.bridge
}
