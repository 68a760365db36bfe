import type { PeerName, SwarmId } from '@shoal/interface'
import { toHex } from '@shoal/base'
import { sha256 } from './verify.js'

/** Name of a live content's swarm: SHA-256 of `<publisher key>/<name>` as UTF-8. No binary CID begins as a peer id does. */
export async function liveSwarmIdOf (publisher: PeerName, name: string): Promise<SwarmId> {
  return toHex(await sha256(new TextEncoder().encode(`${publisher}/${name}`)))
}
