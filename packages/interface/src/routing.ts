import type { SwarmId } from './block.js'
import type { PeerHint } from './session.js'

export interface Routing {
  start (): Promise<void>
  stop (): Promise<void>
  /** Keep a provider record of this swarm alive until `unprovide`; returns at once, failures are retried and reported. */
  provide (swarm: SwarmId): void
  unprovide (swarm: SwarmId): void
  /** Providers as they are found; ends when the query does. Never throws on an empty network: it yields nothing. */
  find (swarm: SwarmId, options: { signal?: AbortSignal | undefined }): AsyncIterable<PeerHint>
  /** Nodes of the DHT known by now: 0 means that nobody can be asked yet. */
  readonly known: number
}
