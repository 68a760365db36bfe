import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import type { AnnouncementEvent, Availability, Judge, PeerName, SwarmId } from '@shoal/interface'
import { decodeAnnouncement, encodeAnnouncement } from './codec.js'
import {
  ANNOUNCE_BYTES_PER_SECOND, MAX_TTL_SECONDS, MIN_TTL_SECONDS, TTL_INTERVALS, TYPICAL_ANNOUNCEMENT_BYTES
} from './defaults.js'
import { Members } from './members.js'
import { PublisherTopics } from './publisher-topics.js'
import { announceInterval, Schedule } from './schedule.js'
import type { AvailabilityComponents, AvailabilityInit } from './types.js'

type Describe = Parameters<Availability['join']>[1]

interface Joined {
  readonly topic: string
  readonly describe: Describe
  readonly members: Members
  readonly schedule: Schedule
  /** Size of our last announcement: what the others' are taken to be. */
  bytes: number
  cancel: () => void
}

/**
 * Announcements over gossipsub: one topic per swarm, `/shoal/<network>/swarm/<swarm id>`.
 *
 * gossipsub checks the signature and drops duplicates before it asks the validator here, so each announcement is judged once. `accept`
 * passes it on; `ignore` does not, and is nobody's fault (it came late, or too often); `reject` is the signer's fault and costs the peer
 * that passed it on.
 */
export class GossipAvailability implements Availability {
  readonly #network: string
  readonly #bytesPerSecond: number
  readonly #components: AvailabilityComponents
  readonly #swarms = new Map<SwarmId, Joined>()
  readonly #heads: PublisherTopics
  readonly #purges: PublisherTopics
  #listener: ((event: AnnouncementEvent) => void) | undefined
  #sequence = 0

  constructor (components: AvailabilityComponents, init: AvailabilityInit) {
    this.#components = components
    this.#network = init.network
    const emit = (event: AnnouncementEvent): void => { this.#listener?.(event) }
    this.#heads = new PublisherTopics(init.network, 'head', components, emit)
    this.#purges = new PublisherTopics(init.network, 'purge', components, emit)
    this.#bytesPerSecond = init.bytesPerSecond ?? ANNOUNCE_BYTES_PER_SECOND
  }

  async start (listener: (event: AnnouncementEvent) => void): Promise<void> {
    this.#listener = listener
  }

  async stop (): Promise<void> {
    for (const swarm of [...this.#swarms.keys()]) this.leave(swarm)
    this.#listener = undefined
  }

  join (swarm: SwarmId, describe: Describe): void {
    if (this.#swarms.has(swarm)) return
    const { pubsub, clock, random } = this.#components
    const members = new Members()
    const topic = `/shoal/${this.#network}/swarm/${swarm}`
    const joined: Joined = {
      topic,
      describe,
      members,
      schedule: new Schedule(clock.now(), () => this.#interval(swarm), random),
      bytes: TYPICAL_ANNOUNCEMENT_BYTES,
      cancel: () => {}
    }
    this.#swarms.set(swarm, joined)
    pubsub.topicValidators.set(topic, (_from, message) => this.#judge(swarm, members, message))
    pubsub.subscribe(topic)
    this.#arm(swarm, joined)
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
    const joined = this.#swarms.get(swarm)
    if (joined === undefined) return
    joined.cancel()
    this.#swarms.delete(swarm)
    this.#components.pubsub.unsubscribe(joined.topic)
    this.#components.pubsub.topicValidators.delete(joined.topic)
  }

  hasten (swarm: SwarmId): void {
    const joined = this.#swarms.get(swarm)
    if (joined === undefined) return
    joined.schedule.hasten(this.#components.clock.now())
    this.#arm(swarm, joined)
  }

  swarmSize (swarm: SwarmId): number {
    const joined = this.#swarms.get(swarm)
    if (joined === undefined) return 1
    return 1 + Math.max(joined.members.count(this.#components.clock.now()), this.#components.pubsub.getSubscribers(joined.topic).length)
  }

  #interval (swarm: SwarmId): number {
    return announceInterval(this.swarmSize(swarm), this.#swarms.get(swarm)?.bytes ?? TYPICAL_ANNOUNCEMENT_BYTES, this.#bytesPerSecond)
  }

  #arm (swarm: SwarmId, joined: Joined): void {
    const { clock } = this.#components
    joined.cancel()
    joined.cancel = clock.after(joined.schedule.dueAt - clock.now(), () => {
      if (joined.schedule.due(clock.now())) this.#announce(swarm, joined)
      this.#arm(swarm, joined)
    })
  }

  #announce (swarm: SwarmId, joined: Joined): void {
    const { pubsub, peerId, clock } = this.#components
    // the wall clock, so that the sequence rises over restarts of the same identity
    this.#sequence = Math.max(this.#sequence + 1, Math.floor(clock.wall()))
    const ttl = Math.min(MAX_TTL_SECONDS, Math.max(MIN_TTL_SECONDS, Math.ceil(this.#interval(swarm) * TTL_INTERVALS / 1000)))
    const bytes = encodeAnnouncement(peerId.toString(), { ...joined.describe(), sequence: this.#sequence, ttl })
    joined.bytes = bytes.byteLength
    pubsub.publish(joined.topic, bytes).catch((error: unknown) => {
      this.#listener?.({ type: 'unpublished', swarm, reason: error instanceof Error ? error.message : String(error) })
    })
  }

  #judge (swarm: SwarmId, members: Members, message: Message): TopicValidatorResult {
    if (message.type !== 'signed') return TopicValidatorResult.Reject
    const from = message.from.toString()
    if (from === this.#components.peerId.toString()) return TopicValidatorResult.Ignore
    let body: ReturnType<typeof decodeAnnouncement>
    try {
      body = decodeAnnouncement(from, message.data)
    } catch (error) {
      return this.#refuse(swarm, from, (error as Error).message)
    }
    if (body.ttl < MIN_TTL_SECONDS || body.ttl > MAX_TTL_SECONDS) {
      return this.#refuse(swarm, from, `expected a ttl of ${MIN_TTL_SECONDS} to ${MAX_TTL_SECONDS} s, got ${body.ttl}`)
    }
    const reason = members.hear(from, body.sequence, body.ttl * 1000, this.#components.clock.now())
    // late, or more often than needed: not passed on, and nobody's fault
    if (reason !== undefined) return TopicValidatorResult.Ignore
    this.#listener?.({ type: 'announcement', announcement: { ...body, peer: from, swarm } })
    return TopicValidatorResult.Accept
  }

  #refuse (swarm: SwarmId, from: PeerName, reason: string): TopicValidatorResult {
    this.#listener?.({ type: 'rejected', from, swarm, reason })
    return TopicValidatorResult.Reject
  }
}
