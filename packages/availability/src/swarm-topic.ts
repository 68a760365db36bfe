import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import { hash32, TokenBucket } from '@shoal/base'
import { WireError, type AnnouncementEvent, type Description, type PeerName, type SwarmCell, type SwarmId } from '@shoal/interface'
import { cellOf, listened, nextDepth, placeOf, sharedBits, swarmSizeOf, type CellView } from './cells.js'
import { decodeAnnouncement, encodeAnnouncement, type Decoded } from './codec.js'
import {
  CELL_SHARE, CELL_TYPICAL, COUNTED_INTERVALS, DIVIDE_EVERY_MS, HEARD_AT_ONCE, HEARD_PER_SECOND, IDLE_STRETCH, LEARN_MS, MAX_TTL_SECONDS,
  MIN_TTL_SECONDS, SAMPLE_CELLS, SHED_EVERY_MS, SMALL_CELL, TTL_INTERVALS, TYPICAL_ANNOUNCEMENT_BYTES
} from './defaults.js'
import { Members } from './members.js'
import { announceInterval, Schedule } from './schedule.js'
import { forgetScore, score } from './scoring.js'
import type { AvailabilityComponents, SubscriptionChange } from './types.js'

export interface SwarmTopicInit {
  readonly swarm: SwarmId
  /** The topic of the whole swarm. */
  readonly topic: string
  readonly describe: () => Description
  readonly bytesPerSecond: number
  /** The next sequence of this node. */
  readonly sequence: () => number
  readonly emit: (event: AnnouncementEvent) => void
}

/**
 * The announcements of one swarm.
 *
 * A swarm of more than `CELL_SPLIT` peers is divided into 2^depth cells by the highest bits of its peers' places. Each peer speaks in its
 * own cell and, one time in many, to the whole swarm, so that every topic carries the same at any size: the cell's topic its few hundred
 * members, the swarm's topic a sample of all. Peers need not agree on the depth: each also hears the cell that its own was part of and the
 * half that it may become, and says its depth with every announcement.
 */
export class SwarmTopic {
  readonly #init: SwarmTopicInit
  readonly #components: AvailabilityComponents
  readonly #self: PeerName
  readonly #place: number
  readonly #members: Members
  readonly #schedule: Schedule
  /** Topics heard, and what may still be passed on in each. */
  readonly #topics = new Map<string, TokenBucket>()
  /** Depths as the subscriptions of connected peers show them. */
  readonly #subscribed = new Map<PeerName, Set<number>>()
  readonly #joinedAt: number
  #depth = 0
  /** When we came into our cell without knowing who is in it. */
  #enteredAt: number
  #reviewedAt = -Infinity
  /** Size of our last announcement: what the others' are taken to be. */
  #bytes = TYPICAL_ANNOUNCEMENT_BYTES
  /** What we said last, and how much more rarely we say it as long as it is the same. */
  #said = ''
  #stretch = 1
  #interval: number
  #heard = false
  #dropped = 0
  #shedAt = -Infinity
  #cancel = (): void => {}

  constructor (init: SwarmTopicInit, components: AvailabilityComponents) {
    const { clock, random } = components
    this.#init = init
    this.#components = components
    this.#self = components.peerId.toString()
    this.#place = placeOf(init.swarm, this.#self)
    this.#members = new Members()
    this.#joinedAt = this.#enteredAt = clock.now()
    this.#interval = announceInterval(1, this.#bytes, init.bytesPerSecond)
    this.#schedule = new Schedule(clock.now(), () => this.#stretch * this.#mean(), random)
    this.#listen()
    this.#arm()
  }

  close (): void {
    this.#cancel()
    for (const topic of [...this.#topics.keys()]) this.#leave(topic)
  }

  hasten (): void {
    this.#stretch = 1
    this.#schedule.hasten(this.#components.clock.now())
    this.#arm()
  }

  get size (): number {
    const view = this.#view()
    const connected = 1 + this.#components.pubsub.getSubscribers(this.#init.topic).length
    return Math.max(connected, Math.round(swarmSizeOf(view)))
  }

  get cell (): SwarmCell {
    const { swarm } = this.#init
    const depth = this.#depth
    return {
      rendezvous: depth === 0 ? swarm : rendezvousOf(swarm, this.#place, depth),
      size: Math.round(this.#view().population),
      has: peer => this.#bits(peer) >= depth
    }
  }

  /** What a connected peer listens to says how deep it is. */
  subscriptions ({ detail: { peerId, subscriptions } }: SubscriptionChange): void {
    const peer = peerId.toString()
    for (const { topic, subscribe } of subscriptions) {
      if (!topic.startsWith(this.#init.topic)) continue
      const depths = this.#subscribed.get(peer) ?? new Set()
      const bits = Math.max(0, topic.length - this.#init.topic.length - 1)
      if (subscribe) depths.add(bits)
      else depths.delete(bits)
      if (depths.size === 0) this.#subscribed.delete(peer)
      else this.#subscribed.set(peer, depths)
    }
    this.#review()
  }

  /** Mean interval in ms, by the number of those who share the topics with us. */
  #mean (): number {
    const share = this.#depth === 0 ? 1 : CELL_SHARE
    this.#interval = announceInterval(this.#peers(), this.#bytes, share * this.#init.bytesPerSecond)
    return this.#interval
  }

  #peers (): number {
    const { population } = this.#view()
    return this.#depth > 0 ? population : Math.max(population, 1 + this.#components.pubsub.getSubscribers(this.#init.topic).length)
  }

  #view (): CellView {
    const now = this.#components.clock.now()
    const census = this.#members.census(now, this.#interval)
    // who has come into a cell just now has heard of as many of its members as of the interval is over
    const listened = (now - this.#enteredAt) / (COUNTED_INTERVALS * this.#interval)
    const unheard = this.#depth === 0 ? 0 : Math.max(0, 1 - listened)
    const known = (bits: number, typical: number): number => {
      const heard = census.at(bits)
      return 1 + Math.max(heard, heard * (1 - unheard) + typical * unheard)
    }
    return {
      depth: this.#depth,
      population: known(this.#depth, CELL_TYPICAL),
      half: known(this.#depth + 1, CELL_TYPICAL / 2),
      settled: listened >= 1,
      common: census.total > 0 ? census.common : this.#shown()
    }
  }

  /** The middle one of the depths that connected peers' subscriptions show. */
  #shown (): number | undefined {
    const depths = [...this.#subscribed.values()].map(heard => Math.max(0, Math.max(...heard) - 1)).sort((a, b) => a - b)
    return depths[depths.length >> 1]
  }

  /** Looks now and then whether our cell is to be divided, or goes together with its other half. */
  #review (): void {
    const now = this.#components.clock.now()
    if (now - this.#reviewedAt < DIVIDE_EVERY_MS) return
    this.#reviewedAt = now
    const view = this.#view()
    const depth = nextDepth(view)
    if (depth !== this.#depth) {
      // a half is known to whoever knew the whole; what was not part of it has to be heard first
      if (depth > this.#depth + 1 || depth < this.#depth) this.#enteredAt = now
      this.#depth = depth
      this.#init.emit({ type: 'cell', swarm: this.#init.swarm, depth })
    }
    this.#listen()
  }

  #listen (): void {
    const { pubsub, clock } = this.#components
    const { topic: root } = this.#init
    const wanted = new Set([root, ...listened(this.#view()).map(depth => `${root}/${cellOf(this.#place, depth)}`)])
    for (const topic of [...this.#topics.keys()]) if (!wanted.has(topic)) this.#leave(topic)
    for (const topic of wanted) {
      if (this.#topics.has(topic)) continue
      const rate = new TokenBucket(clock, HEARD_PER_SECOND, HEARD_AT_ONCE)
      const bits = topic.length === root.length ? 0 : topic.length - root.length - 1
      this.#topics.set(topic, rate)
      score(pubsub.score, topic, 'swarm')
      pubsub.topicValidators.set(topic, (_from, message) => this.#judge(message, bits, rate))
      pubsub.subscribe(topic)
    }
  }

  #leave (topic: string): void {
    const { pubsub } = this.#components
    this.#topics.delete(topic)
    pubsub.unsubscribe(topic)
    pubsub.topicValidators.delete(topic)
    forgetScore(pubsub.score, topic)
  }

  #arm (): void {
    const { clock } = this.#components
    this.#cancel()
    const at = this.#ready ? this.#schedule.dueAt : Math.max(this.#schedule.dueAt, this.#joinedAt + LEARN_MS)
    this.#cancel = clock.after(at - clock.now(), () => {
      this.#review()
      if (this.#schedule.due(clock.now())) this.#announce()
      this.#arm()
    })
  }

  /** Whether we know to how many we would speak: a crowd of newcomers must not speak to a large swarm as to a small one. */
  get #ready (): boolean {
    return this.#heard || this.#subscribed.size > 0 || this.#components.pubsub.getSubscribers(this.#init.topic).length === 0 ||
      this.#components.clock.now() - this.#joinedAt >= LEARN_MS
  }

  #announce (): void {
    const { pubsub } = this.#components
    const { swarm, emit, describe, sequence } = this.#init
    const described = { ...describe(), depth: this.#depth }
    const said = encodeAnnouncement(this.#self, { ...described, sequence: 0, ttl: 0 }).join()
    this.#stretch = said === this.#said ? Math.min(IDLE_STRETCH, 2 * this.#stretch) : 1
    this.#said = said
    const seconds = Math.ceil(this.#stretch * this.#mean() * TTL_INTERVALS / 1000)
    const ttl = Math.min(MAX_TTL_SECONDS, Math.max(MIN_TTL_SECONDS, seconds))
    const bytes = encodeAnnouncement(this.#self, { ...described, sequence: sequence(), ttl })
    this.#bytes = bytes.byteLength
    pubsub.publish(this.#stage(), bytes).catch((error: unknown) => {
      emit({ type: 'unpublished', swarm, reason: error instanceof Error ? error.message : String(error) })
    })
  }

  /** Where we speak next: mostly in our cell, and to all just so often that the sample of all cells takes its share. */
  #stage (): string {
    const { topic } = this.#init
    if (this.#depth === 0) return topic
    const toAll = (1 - CELL_SHARE) / CELL_SHARE / 2 ** this.#depth
    return this.#components.random() < toAll ? topic : `${topic}/${cellOf(this.#place, this.#depth)}`
  }

  /** @param cell the depth of that whose topic it came over; 0: the whole swarm's */
  #judge (message: Message, cell: number, rate: TokenBucket): TopicValidatorResult {
    if (message.type !== 'signed') return TopicValidatorResult.Reject
    const { swarm } = this.#init
    const from = message.from.toString()
    if (from === this.#self) return TopicValidatorResult.Ignore
    const bits = this.#bits(from)
    let body: Decoded
    try {
      body = decodeAnnouncement(from, message.data)
      check(body, cell, bits >= cell)
    } catch (error) {
      this.#init.emit({ type: 'rejected', from, swarm, reason: (error as Error).message })
      return TopicValidatorResult.Reject
    }
    // late, more often than needed, or too many at once: not passed on, and nobody's fault
    if (!rate.take(1)) return this.#shed()
    const { clock } = this.#components
    const intervalMs = body.ttl * 1000 / TTL_INTERVALS
    if (this.#members.hear(from, { bits, sequence: body.sequence, intervalMs, depth: body.depth }, clock.now()) !== undefined) {
      return TopicValidatorResult.Ignore
    }
    this.#heard = true
    this.#review()
    if (bits >= this.#depth || this.#sampled(from)) this.#init.emit({ type: 'announcement', announcement: { ...body, peer: from, swarm } })
    return TopicValidatorResult.Accept
  }

  /** Of a large swarm each peer keeps others in mind than those of its cell: a few that chance gave it. */
  #sampled (from: PeerName): boolean {
    const kept = SAMPLE_CELLS / 2 ** this.#depth
    return hash32(this.#self, from) / 0x1_0000_0000 < kept || this.#view().population < SMALL_CELL
  }

  #bits (peer: PeerName): number {
    return this.#members.bits(peer) ?? sharedBits(placeOf(this.#init.swarm, peer), this.#place)
  }

  #shed (): TopicValidatorResult {
    const now = this.#components.clock.now()
    this.#dropped++
    if (now - this.#shedAt >= SHED_EVERY_MS) {
      this.#shedAt = now
      this.#init.emit({ type: 'shed', swarm: this.#init.swarm, dropped: this.#dropped })
      this.#dropped = 0
    }
    return TopicValidatorResult.Ignore
  }
}

/** @throws WireError when an honest peer would not have said this here */
function check ({ ttl, depth }: Decoded, cell: number, ours: boolean): void {
  if (ttl < MIN_TTL_SECONDS || ttl > MAX_TTL_SECONDS) {
    throw new WireError(`expected a ttl of ${MIN_TTL_SECONDS} to ${MAX_TTL_SECONDS} s, got ${ttl}`)
  }
  if (cell > 0 && !ours) throw new WireError('expected an announcement of a member of this cell, got one of a peer whose place is elsewhere')
  if (cell > 0 && depth !== cell) throw new WireError(`expected an announcement of depth ${cell} in this cell, got ${depth}`)
}

/** An id of its own for the DHT, which hashes it: the swarm's with the cell in its last four bytes. */
function rendezvousOf (swarm: SwarmId, place: number, depth: number): SwarmId {
  const cell = 2 ** depth + (place >>> (32 - depth))
  return swarm.slice(0, -8) + cell.toString(16).padStart(8, '0')
}
