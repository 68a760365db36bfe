import type { AnnouncementEvent, Availability, Description, Judge, PeerName, SwarmCell, SwarmId } from '@shoal/interface'
import { ANNOUNCE_BYTES_PER_SECOND } from './defaults.js'
import { PublisherTopics } from './publisher-topics.js'
import { SwarmTopic } from './swarm-topic.js'
import type { AvailabilityComponents, AvailabilityInit, SubscriptionChange } from './types.js'

/**
 * Announcements over gossipsub: a topic for each swarm, `/shoal/<network>/swarm/<swarm id>`, and in large swarms one more for each of
 * their cells, `…/<bits>`.
 *
 * gossipsub checks the signature and drops duplicates before it asks the validators here, so each announcement is judged once. `accept`
 * passes it on; `ignore` does not, and is nobody's fault (it came late, or too often); `reject` is the signer's fault and costs the peer
 * that passed it on.
 */
export class GossipAvailability implements Availability {
  readonly #network: string
  readonly #bytesPerSecond: number
  readonly #components: AvailabilityComponents
  readonly #swarms = new Map<SwarmId, SwarmTopic>()
  readonly #heads: PublisherTopics
  readonly #purges: PublisherTopics
  readonly #emit = (event: AnnouncementEvent): void => { this.#listener?.(event) }
  readonly #subscribed = (event: SubscriptionChange): void => { for (const swarm of this.#swarms.values()) swarm.subscriptions(event) }
  #listener: ((event: AnnouncementEvent) => void) | undefined
  #sequence = 0

  constructor (components: AvailabilityComponents, init: AvailabilityInit) {
    this.#components = components
    this.#network = init.network
    this.#heads = new PublisherTopics(init.network, 'head', components, this.#emit)
    this.#purges = new PublisherTopics(init.network, 'purge', components, this.#emit)
    this.#bytesPerSecond = init.bytesPerSecond ?? ANNOUNCE_BYTES_PER_SECOND
  }

  async start (listener: (event: AnnouncementEvent) => void): Promise<void> {
    this.#listener = listener
    this.#components.pubsub.addEventListener?.('subscription-change', this.#subscribed)
  }

  async stop (): Promise<void> {
    for (const swarm of [...this.#swarms.keys()]) this.leave(swarm)
    this.#components.pubsub.removeEventListener?.('subscription-change', this.#subscribed)
    this.#listener = undefined
  }

  join (swarm: SwarmId, describe: () => Description): void {
    if (this.#swarms.has(swarm)) return
    this.#swarms.set(swarm, new SwarmTopic({
      swarm,
      topic: `/shoal/${this.#network}/swarm/${swarm}`,
      describe,
      bytesPerSecond: this.#bytesPerSecond,
      emit: this.#emit,
      sequence: () => {
        // the wall clock, so that the sequence rises over restarts of the same identity
        this.#sequence = Math.max(this.#sequence + 1, Math.floor(this.#components.clock.wall()))
        return this.#sequence
      }
    }, this.#components))
  }

  follow (swarm: SwarmId, publisher: PeerName, judge: Judge): void {
    this.#heads.follow(swarm, publisher, judge)
  }

  head (swarm: SwarmId, head: Uint8Array): void {
    this.#heads.publish(swarm, head)
  }

  followPurges (swarm: SwarmId, publisher: PeerName, judge: Judge): void {
    this.#purges.follow(swarm, publisher, judge)
  }

  purge (swarm: SwarmId, purge: Uint8Array): void {
    this.#purges.publish(swarm, purge)
  }

  leave (swarm: SwarmId): void {
    this.#heads.leave(swarm)
    this.#purges.leave(swarm)
    this.#swarms.get(swarm)?.close()
    this.#swarms.delete(swarm)
  }

  hasten (swarm: SwarmId): void {
    this.#swarms.get(swarm)?.hasten()
  }

  swarmSize (swarm: SwarmId): number {
    return this.#swarms.get(swarm)?.size ?? 1
  }

  cell (swarm: SwarmId): SwarmCell {
    return this.#swarms.get(swarm)?.cell ?? { rendezvous: swarm, size: 1, has: () => true }
  }
}
