import type { Shoal } from '@shoal/interface'
import { IpfsBridge } from './ipfs.js'
import type { Ipfs, IpfsInit } from './types.js'

/** @throws ConfigError a gateway's URL makes no sense, or the node has no network */
export async function startIpfs (shoal: Shoal, init: IpfsInit = {}): Promise<Ipfs> {
  return await IpfsBridge.start(shoal, init)
}
