/**
 * A Shoal node as a peer of the IPFS world, on the same libp2p host and block store. Contents that are public and open are served over Bitswap
 * and as a trustless gateway by the CIDs that Kubo and Helia compute for them; what IPFS nodes hold is fetched from them, verified, and can be
 * published as a content. Nobody is contacted who was not named: peers by `connect`, or because they connected, gateways by their URLs.
 *
 * ```ts
 * import { createShoal } from 'shoal'
 * import { startIpfs } from '@shoal/ipfs'
 *
 * const shoal = await createShoal()
 * const ipfs = await startIpfs(shoal)
 * const { root } = await shoal.publish('./public')                       // ipfs cat <root>/index.html
 * ```
 *
 * @packageDocumentation
 */

import type { Shoal } from '@shoal/interface'
import { IpfsBridge } from './ipfs.js'
import type { Ipfs, IpfsInit } from './types.js'

/** @throws ConfigError a gateway's URL makes no sense, or the node has no network */
export async function startIpfs (shoal: Shoal, init: IpfsInit = {}): Promise<Ipfs> {
  return await IpfsBridge.start(shoal, init)
}

export { exportCar, CarError, type CarFile, type Exported } from './car.js'
export { UnsupportedCidError, WrongBytesError } from './errors.js'
export type { Ipfs, IpfsInit, IpfsPublishOptions, IpfsReadOptions } from './types.js'
