/**
 * A Shoal node as a peer of the IPFS world, on the same libp2p host and block store. Contents that are public and open are served over
 * Bitswap and as a trustless gateway by the CIDs that Kubo and Helia compute for them; what IPFS nodes hold is fetched from them, verified,
 * and can be published as a content. Nobody is contacted who was not named: peers by `connect`, or because they connected, gateways by
 * their URLs.
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

export { startIpfs } from './start.js'
export { exportCar, CarError, type CarFile } from './car.js'
export { UnsupportedCidError, WrongBytesError } from './errors.js'
export type { Ipfs, IpfsInit, IpfsPublishOptions, IpfsReadOptions } from './types.js'
