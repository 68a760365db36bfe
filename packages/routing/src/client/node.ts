import type { PeerId } from '@libp2p/interface'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { decode } from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { withPeer } from '../addrs.js'
import type { NamedPeer } from './codec.js'

/** Somebody in the DHT's space of keys. */
export interface DhtNode {
  readonly peer: PeerId
  readonly name: string
  /** Its place: 32 bytes. */
  readonly key: Uint8Array
  /** What was said of it, each with its `/p2p/` at the end; beside these there may be others in the peer store. */
  readonly addrs: readonly Multiaddr[]
}

/** The place of a key or of a peer's multihash: nearness is the exclusive or of these. */
export async function placeOf (bytes: Uint8Array): Promise<Uint8Array> {
  return (await sha256.digest(bytes)).digest
}

export async function nodeOf (peer: PeerId, addrs: readonly Multiaddr[] = []): Promise<DhtNode> {
  return { peer, name: peer.toString(), key: await placeOf(peer.toMultihash().bytes), addrs }
}

/** A peer that a message names; `undefined` when that is no peer. Addresses that make no sense here are left out. */
export function readPeer ({ id, addrs }: NamedPeer): { readonly peer: PeerId, readonly addrs: readonly Multiaddr[] } | undefined {
  let peer: PeerId
  try {
    peer = peerIdFromMultihash(decode(id))
  } catch {
    return undefined
  }
  return {
    peer,
    addrs: addrs.flatMap(bytes => {
      try {
        const text = withPeer(multiaddr(bytes), peer.toString())
        return text === undefined ? [] : multiaddr(text)
      } catch {
        return []
      }
    })
  }
}
