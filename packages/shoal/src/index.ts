/**
 * Shoal: a pure libp2p peer node for peer-assisted content delivery. This is the composition root: it resolves configuration, wires
 * libp2p and puts the packages together. The same names come from the Node.js entry and from the browser entry.
 *
 * ```ts
 * import { createShoal } from 'shoal'
 *
 * const shoal = await createShoal({ data: './data', upload: { rate: '10Mbit' } })
 * const { link } = await shoal.publish('./public', { origin: 'https://cdn.example.com/show/' })
 * ```
 *
 * @packageDocumentation
 */

import type { Shoal, ShoalOptions } from '@shoal/interface'
import { createNode } from './create.js'
import { nodePlatform } from './node/platform.js'

export type * from '@shoal/interface'
export * from './errors.js'
export { parseRate, parseSize } from './units.js'

/**
 * Starts a node in this process.
 *
 * @throws ConfigError an option makes no sense
 * @throws DataInUseError another process owns the data folder
 * @throws ListenError an address cannot be listened on, or asks for QUIC, whose native part is missing
 * @throws StoreError the data folder cannot be read
 */
export async function createShoal (options: ShoalOptions = {}): Promise<Shoal> {
  return await createNode(options, nodePlatform)
}
