import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import { TokenBucket } from '@shoal/base'
import type { AnnouncementEvent, Judge, PeerName, SwarmId } from '@shoal/interface'
import { JUDGED_AT_ONCE, JUDGED_PER_SECOND } from './defaults.js'
import { forgetScore, score } from './scoring.js'
import type { AvailabilityComponents } from './types.js'

/**
 * What publishers say of their contents over gossipsub: heads of live ones, and purges. One topic per swarm and kind,
 * `/shoal/<network>/<kind>/<swarm id>`, where only the publisher's node speaks.
 *
 * gossipsub has checked the message's signature; it is passed on only after it has been judged here as well.
 */
export class PublisherTopics {
  readonly #network: string
  readonly #kind: 'head' | 'purge'
  readonly #components: AvailabilityComponents
  readonly #topics = new Map<SwarmId, string>()
  readonly #emit: (event: AnnouncementEvent) => void

  constructor (network: string, kind: 'head' | 'purge', components: AvailabilityComponents, emit: (event: AnnouncementEvent) => void) {
    this.#network = network
    this.#kind = kind
    this.#components = components
    this.#emit = emit
  }

  follow (swarm: SwarmId, publisher: PeerName, judge: Judge): void {
    if (this.#topics.has(swarm)) return
    const { pubsub, clock } = this.#components
    const topic = `/shoal/${this.#network}/${this.#kind}/${swarm}`
    const rate = new TokenBucket(clock, JUDGED_PER_SECOND, JUDGED_AT_ONCE)
    this.#topics.set(swarm, topic)
    score(pubsub.score, topic, this.#kind)
    pubsub.topicValidators.set(topic, async (_from, message) => await this.#judge(swarm, publisher, judge, rate, message))
    pubsub.subscribe(topic)
  }

  publish (swarm: SwarmId, bytes: Uint8Array): void {
    const topic = this.#topics.get(swarm)
    if (topic === undefined) return
    this.#components.pubsub.publish(topic, bytes).catch((error: unknown) => {
      this.#emit({ type: 'unpublished', swarm, reason: error instanceof Error ? error.message : String(error) })
    })
  }

  leave (swarm: SwarmId): void {
    const topic = this.#topics.get(swarm)
    if (topic === undefined) return
    this.#topics.delete(swarm)
    const { pubsub } = this.#components
    pubsub.unsubscribe(topic)
    pubsub.topicValidators.delete(topic)
    forgetScore(pubsub.score, topic)
  }

  async #judge (swarm: SwarmId, publisher: PeerName, judge: Judge, rate: TokenBucket, message: Message): Promise<TopicValidatorResult> {
    if (message.type !== 'signed') return TopicValidatorResult.Reject
    const from = message.from.toString()
    if (from === this.#components.peerId.toString()) return TopicValidatorResult.Ignore
    if (from !== publisher) {
      return this.#refuse(swarm, from, `expected a ${this.#kind} from ${publisher} alone`)
    }
    if (!rate.take(1)) return TopicValidatorResult.Ignore
    try {
      return await judge(message.data) === 'accept' ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore
    } catch (error) {
      return this.#refuse(swarm, from, (error as Error).message)
    }
  }

  #refuse (swarm: SwarmId, from: PeerName, reason: string): TopicValidatorResult {
    this.#emit({ type: 'rejected', from, swarm, reason })
    return TopicValidatorResult.Reject
  }
}
