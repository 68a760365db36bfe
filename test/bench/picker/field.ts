/** The real picker among peers that are only book-keeping: what it asks for is noted, nothing is sent, and only its own time is counted. */

import { createHaveMap } from '@shoal/availability'
import { ManualClock, seededRandom } from '@shoal/base'
import type { HaveMap } from '@shoal/interface'
import { createSwarm, type Swarm, type SwarmAction } from '@shoal/swarm'

export const BLOCK_BYTES = 262_144
/** Blocks of a segment: two runs, the second half empty. */
export const BLOCKS = 12

export interface Size { readonly segments: number, readonly peers: number }

export interface FieldPeer {
  readonly name: string
  readonly have: HaveMap
  readonly rate: number
  /** Blocks asked of it, in order: segment * BLOCKS + block. */
  readonly asked: Set<number>
}

/** What a scene's steps took, in microseconds. */
export interface Times { readonly event: number[], readonly decide: number[] }

export class Field {
  readonly clock = new ManualClock()
  readonly random = seededRandom(1)
  readonly have: HaveMap
  readonly peers: FieldPeer[] = []
  readonly swarm: Swarm
  readonly size: Size
  readonly times: Times = { event: [], decide: [] }
  readonly #byName = new Map<string, FieldPeer>()
  readonly #origin: { segment: number, first: number, end: number }[] = []

  constructor (size: Size) {
    this.size = size
    this.have = this.map()
    this.swarm = createSwarm({ self: 'self', mode: 'hybrid', swarm: 'picker bench' }, {
      clock: this.clock,
      random: this.random,
      have: this.have,
      size: () => BLOCK_BYTES,
      blocks: () => BLOCKS,
      link: name => {
        const peer = this.#byName.get(name) as FieldPeer
        return { window: 4 * BLOCK_BYTES, outstanding: peer.asked.size * BLOCK_BYTES, rate: peer.rate, rtt: 50 }
      },
      origin: () => ({ rate: 5_000_000, ttfb: 100, downUntil: 0 }),
      swarmSize: () => size.peers + 1,
      known: () => [], expecting: () => 0
    })
  }

  map (full = false): HaveMap {
    const { segments } = this.size
    const map = createHaveMap({ segments, blocks: segments * BLOCKS })
    if (full) map.apply({ complete: [{ start: 0, count: segments }], partial: [] })
    return map
  }

  /** A number below `n`. */
  below (n: number): number {
    return Math.floor(this.random() * n)
  }

  /** Peers of all rates that hold what `holds` says; every tenth holds everything. */
  populate (holds: (segment: number, peer: number) => boolean): void {
    const { segments, peers } = this.size
    for (let i = 0; i < peers; i++) {
      const have = this.map(i % 10 === 0)
      for (let segment = 0; segment < segments; segment++) if (holds(segment, i)) have.addSegment(segment)
      this.add(have, 200_000 * 25 ** this.random())
    }
    for (const peer of this.peers) this.swarm.peerJoined(peer.name, peer.have)
  }

  add (have: HaveMap, rate: number): FieldPeer {
    const peer: FieldPeer = { name: `peer-${this.peers.length}`, have, rate, asked: new Set() }
    this.peers.push(peer)
    this.#byName.set(peer.name, peer)
    return peer
  }

  /** One event and the decision after it, with the clock on them. */
  step (event: () => void, counted = true): void {
    const start = performance.now()
    event()
    const between = performance.now()
    const { actions } = this.swarm.decide()
    const end = performance.now()
    if (counted) {
      this.times.event.push(1000 * (between - start))
      this.times.decide.push(1000 * (end - between))
    }
    for (const action of actions) this.#note(action)
  }

  /** Decides without the clock until nothing more is asked for. */
  settle (): void {
    this.step(() => {}, false)
    this.step(() => {}, false)
  }

  #note (action: SwarmAction): void {
    if (action.type === 'request' || action.type === 'cancel') {
      const asked = this.#byName.get(action.peer)?.asked
      for (const block of action.blocks) {
        const key = action.segment * BLOCKS + block
        if (action.type === 'request') asked?.add(key)
        else asked?.delete(key)
      }
    } else if (action.type === 'origin') {
      this.#origin.push({ segment: action.segment, first: action.first, end: action.end })
    } else if (action.type === 'cancel-origin') {
      const at = this.#origin.findIndex(job => job.segment === action.segment && job.first === action.first && job.end === action.end)
      if (at >= 0) this.#origin.splice(at, 1)
    }
  }

  /** A peer that was asked for something, at random; `undefined` when none was. */
  busy (): FieldPeer | undefined {
    const start = this.below(this.peers.length)
    for (let i = 0; i < this.peers.length; i++) {
      const peer = this.peers[(start + i) % this.peers.length] as FieldPeer
      if (peer.asked.size > 0) return peer
    }
    return undefined
  }

  /** The event that the first block asked of some peer is here. */
  delivery (): () => void {
    const peer = this.busy()
    const job = peer === undefined ? this.#origin[0] : undefined
    if (job !== undefined) return this.#originDelivery(job)
    const key = peer?.asked.values().next().value
    if (peer === undefined || key === undefined) return () => {}
    peer.asked.delete(key)
    return this.arrival(key, peer.name)
  }

  /** The event that a block is here. */
  arrival (key: number, from: string): () => void {
    const segment = Math.floor(key / BLOCKS)
    this.have.add(segment, key % BLOCKS, BLOCKS)
    return () => { this.swarm.delivered(segment, key % BLOCKS, from) }
  }

  #originDelivery (job: { segment: number, first: number, end: number }): () => void {
    for (let block = job.first; block < job.end; block++) {
      if (!this.have.has(job.segment, block)) return this.arrival(job.segment * BLOCKS + block, 'origin')
    }
    this.#origin.shift()
    return () => { this.swarm.originDone(job.segment, job.first, job.end, undefined) }
  }

  /** The event that a peer says it has one more block. */
  news (peer: FieldPeer, segment: number, block: number): () => void {
    const delta = { complete: [], partial: [{ segment, first: block - block % 8, bits: Uint8Array.of(1 << block % 8) }] }
    const touched = peer.have.apply(delta)
    return () => { this.swarm.peerHave(peer.name, touched, delta) }
  }
}
