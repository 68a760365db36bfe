import type { TopicValidatorResult, Message } from '@libp2p/gossipsub'
import { seededRandom, type Clock, type Random } from '@shoal/base'
import type { AnnouncementEvent, Availability, Description, SwarmCell } from '@shoal/interface'
import { availability, type PubSub } from '../src/index.js'
import { cellOf, placeOf, sharedBits } from '../src/cells.js'
import { encodeAnnouncement } from '../src/codec.js'
import { ANNOUNCE_BYTES_PER_SECOND, CELL_SHARE, COPIES, ENVELOPE_BYTES, TTL_INTERVALS } from '../src/defaults.js'
import { announceInterval } from '../src/schedule.js'

/** A manual clock that keeps its timers in a heap: thousands of peers have thousands of them. */
class HeapClock implements Clock {
  #now = 0
  #order = 0
  readonly #heap: { at: number, order: number, fn: (() => void) | undefined }[] = []

  now (): number {
    return this.#now
  }

  wall (): number {
    return 1_700_000_000_000 + this.#now
  }

  after (ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn: fn as (() => void) | undefined }
    const heap = this.#heap
    heap.push(timer)
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!before(heap[i], heap[parent])) break
      ;[heap[i], heap[parent]] = [heap[parent] as typeof timer, heap[i] as typeof timer]
      i = parent
    }
    return () => { timer.fn = undefined }
  }

  advance (ms: number): void {
    const end = this.#now + ms
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop()
      this.#now = Math.max(this.#now, next.at)
      next.fn?.()
    }
    this.#now = end
  }

  #pop (): void {
    const heap = this.#heap
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return
    heap[0] = last
    for (let i = 0; ;) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < heap.length && before(heap[child], heap[least])) least = child
      if (least === i) return
      ;[heap[i], heap[least]] = [heap[least] as typeof last, heap[i] as typeof last]
      i = least
    }
  }
}

interface At { readonly at: number, readonly order: number }

function before (a: At | undefined, b: At | undefined): boolean {
  return a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order))
}

export interface Viewer {
  readonly name: string
  readonly announcing: Availability & { cell (swarm: string): SwarmCell }
  readonly events: AnnouncementEvent[]
  /** What its announcements say from now on. */
  said: Description
  /** Bytes of announcements heard, as a mesh brings them. */
  heard: number
  depth: number
}

/** A swarm of real announcers over a pubsub that brings every message to all who hear its topic. */
export class Crowd {
  readonly clock = new HeapClock()
  readonly viewers = new Map<string, Viewer>()
  readonly #topics = new Map<string, Map<string, (message: Message) => unknown>>()
  readonly #swarm: string
  readonly #bytesPerSecond: number | undefined
  #names = 0

  constructor (swarm: string, bytesPerSecond?: number) {
    this.#swarm = swarm
    this.#bytesPerSecond = bytesPerSecond
  }

  async add (random: Random = seededRandom(++this.#names)): Promise<Viewer> {
    const name = `peer-${++this.#names}`
    const viewer: Viewer = {
      name,
      announcing: availability({ network: 'test', bytesPerSecond: this.#bytesPerSecond })({
        pubsub: this.#pubsub(name), peerId: name, clock: this.clock, random
      }) as Viewer['announcing'],
      events: [],
      said: { have: { complete: [{ start: 0, count: 3 }], partial: [] }, capacity: 2, share: 0.25, addrs: [] },
      heard: 0,
      depth: 0
    }
    this.viewers.set(name, viewer)
    await viewer.announcing.start(event => {
      if (event.type === 'cell') viewer.depth = event.depth
      else if (event.type !== 'announcement') viewer.events.push(event)
    })
    let count = 0
    // always something new to say: nobody's interval is stretched
    viewer.announcing.join(this.#swarm, () => ({ ...viewer.said, share: ++count % 100 / 100 }))
    return viewer
  }

  async remove ({ name, announcing }: Viewer): Promise<void> {
    this.viewers.delete(name)
    await announcing.stop()
  }

  /** Somebody outside of the crowd says this to all who hear the topic. */
  say (from: string, topic: string, data: Uint8Array): TopicValidatorResult[] {
    const message = { type: 'signed', from: { toString: () => from }, topic, data } as unknown as Message
    const results: TopicValidatorResult[] = []
    for (const [name, judge] of this.#topics.get(topic) ?? []) {
      if (name === from) continue
      const viewer = this.viewers.get(name)
      if (viewer !== undefined) viewer.heard += COPIES * (data.byteLength + ENVELOPE_BYTES)
      results.push(judge(message) as TopicValidatorResult)
    }
    return results
  }

  #pubsub (name: string): PubSub {
    const validators = new Map<string, (from: never, message: Message) => unknown>()
    return {
      topicValidators: validators,
      subscribe: (topic: string) => {
        const hearers = this.#topics.get(topic) ?? new Map<string, (message: Message) => unknown>()
        this.#topics.set(topic, hearers)
        hearers.set(name, message => validators.get(topic)?.(undefined as never, message))
      },
      unsubscribe: (topic: string) => { this.#topics.get(topic)?.delete(name) },
      // of a swarm a node is connected to a handful
      getSubscribers: (topic: string) => Array.from({ length: Math.min(12, (this.#topics.get(topic)?.size ?? 1) - 1) }),
      publish: async (topic: string, data: Uint8Array) => {
        this.say(name, topic, data.slice())
        return { recipients: [] }
      }
    } as unknown as PubSub
  }
}

/**
 * Peers that only speak, as real ones of that depth would: of a swarm that is too large to be run, what one of its members hears. Those of
 * its region each by itself, all others as a stream.
 */
export class Populace {
  readonly #crowd: Crowd
  readonly #swarm: string
  readonly #random: Random
  readonly #names: readonly string[]
  /** Those who share so many bits with the member that it can hear them. */
  #near: { name: string, place: number, bits: number }[]
  depth: number
  #sequence = 1_700_000_000_000
  #stopped = false

  constructor (crowd: Crowd, swarm: string, member: string, { count, depth, seed = 7 }: { count: number, depth: number, seed?: number }) {
    this.#crowd = crowd
    this.#swarm = swarm
    this.depth = depth
    this.#random = seededRandom(seed)
    this.#names = Array.from({ length: count }, (_, i) => `p${seed}-${i}`)
    const ours = placeOf(swarm, member)
    this.#near = this.#names.map(name => ({ name, place: placeOf(swarm, name), bits: sharedBits(placeOf(swarm, name), ours) }))
      .filter(({ bits }) => bits >= Math.max(0, depth - 1))
    for (const near of this.#near) this.#later(near, 0.5 * this.#random())
    this.#sample()
  }

  get size (): number {
    return this.#names.length
  }

  stop (): void {
    this.#stopped = true
  }

  /** Mean interval of each. */
  get interval (): number {
    // as those measure it who are in this cell
    const cell = this.#near.filter(({ bits }) => bits >= this.depth).length
    return announceInterval(cell, BYTES, (this.depth === 0 ? 1 : CELL_SHARE) * ANNOUNCE_BYTES_PER_SECOND)
  }

  #later (near: { name: string, place: number, bits: number }, share: number): void {
    this.#crowd.clock.after(this.interval * share, () => {
      if (this.#stopped) return
      this.#say(near.name, `/shoal/test/swarm/${this.#swarm}${this.depth === 0 ? '' : `/${cellOf(near.place, this.depth)}`}`)
      this.#later(near, 0.8 + 0.4 * this.#random())
    })
  }

  /** What all cells say to all. */
  #sample (): void {
    if (this.depth === 0) return
    const perMs = this.size / 2 ** this.depth / this.interval * (1 - CELL_SHARE) / CELL_SHARE
    this.#crowd.clock.after(-Math.log(1 - this.#random()) / perMs, () => {
      if (this.#stopped) return
      this.#say(this.#names[Math.floor(this.size * this.#random())] as string, `/shoal/test/swarm/${this.#swarm}`)
      this.#sample()
    })
  }

  #say (name: string, topic: string): void {
    const ttl = Math.ceil(this.interval * TTL_INTERVALS / 1000)
    // as many bytes as with addresses
    const complete = Array.from({ length: 90 }, (_, i) => ({ start: 2 * i, count: 1 }))
    this.#crowd.say(name, topic, encodeAnnouncement(name, {
      have: { complete, partial: [] }, capacity: 2, share: 0.5, addrs: [], sequence: this.#sequence++, ttl, depth: this.depth
    }))
  }
}

const BYTES = 200

export function median (numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number
}
