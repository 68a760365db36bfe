import { fromHex } from '@shoal/base'
import type { SwarmId } from '@shoal/interface'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'

const RAW = 0x55
const SHA2_256 = 0x12

/** The DHT key of a swarm: a raw CIDv1 whose SHA-256 multihash is the swarm id itself. */
export function swarmKey (swarm: SwarmId): CID {
  const bytes = fromHex(swarm)
  if (bytes?.byteLength !== 32) throw new TypeError(`expected a swarm id of 64 hex digits, got "${swarm}"`)
  return CID.createV1(RAW, create(SHA2_256, bytes))
}
