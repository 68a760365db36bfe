import { BoundedMap } from '@shoal/base'
import type { OpenedManifest } from '@shoal/content'
import type { HaveMap, Overlay, PeerName, RefuseReason, SwarmId } from '@shoal/interface'
import type { Swarm } from '@shoal/swarm'
import { PUSHED_BELOW_S, SUBSCRIBED_PLACES, SUBSCRIBERS } from './defaults.js'
import type { Members } from './members.js'

export interface SubscribersHost {
  readonly swarm: SwarmId
  readonly overlay: Overlay
  readonly manifest: OpenedManifest
  readonly members: Members
  readonly have: HaveMap
  readonly awaits: Swarm['awaits']
}

/** Who has subscribed to what is on its way here: to each block no more than an uplink can serve at once. */
export class Subscribers {
  readonly #host: SubscribersHost
  readonly #peers = new BoundedMap<string, Set<PeerName>>(SUBSCRIBED_PLACES)

  constructor (host: SubscribersHost) {
    this.#host = host
  }

  /** Whether a segment goes down trees: as it was asked for, else what is as short as parts of low-latency streams are. */
  pushes (segment: number): boolean {
    const { overlay, manifest } = this.#host
    if (overlay !== 'auto') return overlay === 'tree'
    return (manifest.peek(segment)?.duration ?? Infinity) < PUSHED_BELOW_S && manifest.summary.live !== undefined
  }

  /** A peer subscribes to a block: what becomes of that. */
  expects (segment: number, block: number, peer: PeerName): 'held' | 'coming' | RefuseReason {
    const { have, awaits } = this.#host
    if (have.has(segment, block)) return 'held'
    if (!awaits(segment, block, peer)) return 'not-found'
    const key = `${segment}/${block}`
    const peers = this.#peers.get(key) ?? new Set()
    if (!peers.has(peer) && peers.size >= SUBSCRIBERS) return 'busy'
    peers.add(peer)
    this.#peers.set(key, peers)
    return 'coming'
  }

  /** It is here, and can be read: they get it. */
  arrived (segment: number, block: number): void {
    const { swarm, members } = this.#host
    if (this.#peers.size === 0) return
    const key = `${segment}/${block}`
    for (const peer of this.#peers.get(key) ?? []) {
      for (const session of members.get(peer)?.sessions ?? []) session.arrived(swarm, segment, block)
    }
    this.#peers.delete(key)
  }
}
