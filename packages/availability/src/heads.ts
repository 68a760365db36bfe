import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import { TokenBucket } from '@shoal/base'
import type { AnnouncementEvent, JudgeHead, PeerName, SwarmId } from '@shoal/interface'
import { HEADS_AT_ONCE, HEADS_PER_SECOND } from './defaults.js'
import type { AvailabilityComponents } from './types.js'

/**
 * Heads of live contents over gossipsub: one topic per swarm, `/shoal/<network>/head/<swarm id>`, where only the publisher's node speaks.
 *
 * gossipsub has checked the message's signature; a head is passed on only after it has been judged here as well.
 */
export class Heads {
  readonly #network: string
  readonly #components: AvailabilityComponents
  readonly #topics = new Map<SwarmId, string>()
  readonly #emit: (event: AnnouncementEvent) => void

  constructor (network: string, components: AvailabilityComponents, emit: (event: AnnouncementEvent) => void) {
    this.#network = network
    this.#components = components
    this.#emit = emit
  }

  follow (swarm: SwarmId, publisher: PeerName, judge: JudgeHead): void {
    if (this.#topics.has(swarm)) return
    const { pubsub, clock } = this.#components
    const topic = `/shoal/${this.#network}/head/${swarm}`
    const rate = new TokenBucket(clock, HEADS_PER_SECOND, HEADS_AT_ONCE)
    this.#topics.set(swarm, topic)
    pubsub.topicValidators.set(topic, async (_from, message) => await this.#judge(swarm, publisher, judge, rate, message))
    pubsub.subscribe(topic)
  }

  publish (swarm: SwarmId, head: Uint8Array): void {
    const topic = this.#topics.get(swarm)
    if (topic === undefined) return
    this.#components.pubsub.publish(topic, head).catch((error: unknown) => {
      this.#emit({ type: 'unpublished', swarm, reason: error instanceof Error ? error.message : String(error) })
    })
  }

  leave (swarm: SwarmId): void {
    const topic = this.#topics.get(swarm)
    if (topic === undefined) return
    this.#topics.delete(swarm)
    this.#components.pubsub.unsubscribe(topic)
    this.#components.pubsub.topicValidators.delete(topic)
  }

  async #judge (swarm: SwarmId, publisher: PeerName, judge: JudgeHead, rate: TokenBucket, message: Message): Promise<TopicValidatorResult> {
    if (message.type !== 'signed') return TopicValidatorResult.Reject
    const from = message.from.toString()
    if (from === this.#components.peerId.toString()) return TopicValidatorResult.Ignore
    if (from !== publisher) {
      return this.#refuse(swarm, from, `expected heads from ${publisher} alone`)
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
