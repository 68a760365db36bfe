import type { Clock, Random } from '@shoal/base'
import type { PeerHint, PeerName, SwarmId } from '@shoal/interface'
import type { CID } from 'multiformats/cid'

/** What becomes of provider records and lookups. */
export type RoutingEvent =
  /** `nodes` DHT nodes took our record. */
  | { type: 'provided', swarm: SwarmId, nodes: number }
  /** Nobody did; the next try comes in `retryMs`. Told when the reason changes, not at every try. */
  | { type: 'provide-failed', swarm: SwarmId, reason: string, retryMs: number }
  /** A fault of the DHT itself, not for want of nodes. */
  | { type: 'failed', swarm: SwarmId, doing: string, reason: string }

export interface RoutingInit {
  /** Told of every record and failure. */
  readonly onevent?: ((event: RoutingEvent) => void) | undefined
}

/** As much of a Kademlia DHT as routing needs. A page has a client of it, a Node.js node may serve it. */
export interface Dht {
  /** Servers known by now: 0 means that nobody can be asked yet. */
  readonly known: number
  /** Leaves a record of ours with the servers closest to the key. Resolves with how many it was sent to: nobody confirms one. */
  provide (key: CID, options: { readonly signal: AbortSignal }): Promise<number>
  /** Where it serves the DHT itself: takes our own record, for whoever asks here. */
  keep? (key: CID, options: { readonly signal: AbortSignal }): Promise<void>
  /** Providers as servers name them, one perhaps several times. Rejects when the signal is aborted. */
  find (key: CID, options: { readonly signal?: AbortSignal | undefined }): AsyncIterable<PeerHint>
  /** Gives up our own copy of our record, where there is one; those on servers expire. */
  forget (key: CID): Promise<void>
}

export interface RoutingComponents {
  /** Of `dhtClient`, or of `overKad`. */
  readonly dht: Dht
  /** Our own, as a `PeerId` or as text. */
  readonly peerId: { toString (): PeerName }
  /** Our own addresses; without any there is nothing to provide. */
  readonly addresses: () => readonly unknown[]
  readonly clock: Clock
  readonly random: Random
}
