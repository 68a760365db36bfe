import type { Shoal, ShoalOptions } from '@shoal/interface'
import { createNode } from '../create.js'
import type { Visibility } from './device.js'
import { browserPlatform } from './platform.js'

/** All that a node in a page needs at once, as one part to load. */
export function browserNode (options: ShoalOptions, page?: Visibility): Promise<Shoal> {
  return createNode(options, browserPlatform(page))
}
