import type { Duty, PeerName } from '@shoal/interface'
import type { Delivery } from './delivery.js'
import type { Members } from './members.js'
import { replicate, type Holder, type Rank, type ReplicationPlan } from './replication.js'
import type { Shared } from './shared.js'

// Constants are here, and the hash comes from the host: loaded by the few who need it, this file shares no code with what everybody loads.

/** Mean time between two looks at the copies of a content's segments. */
const REPLICATE_MS = 5_000
/** Of so many segments and peers at most. */
const REPLICATE_SEGMENTS = 4_096
const REPLICATE_PEERS = 32
/** While a segment stays short for so long, twice as many peers see it as theirs to fetch. */
const REPLICATE_PATIENCE_MS = 15_000
/** What is fetched for the sake of copies at one time: bytes, give or take a segment, and segments. */
const REPLICATE_BYTES = 32 * 1024 * 1024
const REPLICATE_WANTS = 64
/** Surplus is named to a store of which this share is used, so much of it each time. */
const SHED_FROM = 0.8
const SHED_BYTES = 64 * 1024 * 1024
/** A full store on disk may clear this much at once. */
const CLEARED_BYTES = 16 * 1024 * 1024

/** What a replicator needs of its content. */
export interface ReplicatorHost {
  readonly delivery: Delivery
  readonly members: Members
  readonly shared: Shared
  readonly target: number
  readonly duty: () => Duty
  readonly swarmSize: () => number
  /** A peer's hash in this swarm, and its place by rendezvous hashing. */
  readonly seed: (peer: PeerName) => number
  readonly rank: Rank
  readonly onerror: (error: Error) => void
}

interface Copying { readonly id: number, readonly bytes: number }

/**
 * Keeps enough copies of each segment in the swarm: fetches some of what is short while nobody waits for anything, and tells a store that
 * fills which blocks the others have in plenty. Every few seconds it looks at a bounded number of segments, in turn.
 */
export class Replicator {
  readonly #host: ReplicatorHost
  /** When a segment was first found short. */
  readonly #shortSince = new Map<number, number>()
  readonly #copying = new Map<number, Copying>()
  readonly #round = (): void => { void this.#run() }
  #next = 0
  #closed = false
  /** Of the rarest segment, as of the last look at all of them; `undefined` before the first. */
  copies: number | undefined

  constructor (host: ReplicatorHost) {
    this.#host = host
    this.#arm()
  }

  close (): void {
    this.#closed = true
    this.#host.shared.alarm.set(this.#round, undefined)
    this.#stop()
  }

  #arm (): void {
    const { alarm, components: { clock, random } } = this.#host.shared
    if (!this.#closed) alarm.set(this.#round, clock.now() + REPLICATE_MS * (0.5 + random()))
  }

  async #run (): Promise<void> {
    const { delivery, duty, shared: { busy, components: { store } }, onerror } = this.#host
    try {
      const plan = this.#plan()
      if (store.used > store.quota * SHED_FROM) {
        await this.#shed(plan.surplus)
        await this.#spare(plan.short)
      }
      if (duty() === 'cache' && !busy() && delivery.shelfLife !== 0) await this.#fetch(plan)
      else this.#stop()
    } catch (error) {
      // a page of the manifest is not to be had now: the next round sees
      if (!this.#closed) onerror(error as Error)
    } finally {
      this.#arm()
    }
  }

  #plan (): ReplicationPlan {
    const { delivery: { inventory, manifest }, shared: { init, components: { clock } }, members, swarmSize, target, rank } = this.#host
    const now = clock.now()
    const { segments } = manifest.summary
    const first = this.#next >= segments ? 0 : this.#next
    const end = this.#next = Math.min(segments, first + REPLICATE_SEGMENTS)
    const others = [...members].filter(({ ready }) => ready).slice(0, REPLICATE_PEERS)
      .map(({ peer, have }) => this.#holder(peer, have))
    const size = swarmSize()
    const plan = replicate({
      self: this.#holder(init.self, inventory.have),
      others,
      first,
      end,
      target,
      rank,
      scale: others.length === 0 || size <= 1.5 * (others.length + 1) + 1 ? 1 : (size - 1) / others.length,
      patience: segment => Math.floor((now - (this.#shortSince.get(segment) ?? now)) / REPLICATE_PATIENCE_MS)
    })
    this.copies = first === 0 ? plan.least : Math.min(this.copies ?? Infinity, plan.least)
    const short = new Set(plan.short)
    for (let segment = first; segment < end; segment++) if (!short.has(segment)) this.#shortSince.delete(segment)
    for (const segment of short) if (!this.#shortSince.has(segment)) this.#shortSince.set(segment, now)
    return plan
  }

  #holder (peer: PeerName, have: Holder['have']): Holder {
    return { seed: this.#host.seed(peer), have }
  }

  /** The most copied is demoted last, and so evicted first. */
  async #shed (surplus: readonly number[]): Promise<void> {
    const { store } = this.#host.shared.components
    for (const digest of (await this.#digests(surplus)).reverse()) store.demote(digest)
  }

  /** What few have goes later. */
  async #spare (short: readonly number[]): Promise<void> {
    const { delivery: { inventory }, shared: { components: { store } } } = this.#host
    for (const digest of await this.#digests(short.filter(segment => inventory.have.complete(segment)))) store.promote(digest)
  }

  /** Of the blocks of the first of these segments. */
  async #digests (indices: readonly number[]): Promise<Uint8Array[]> {
    const { manifest } = this.#host.delivery
    const digests: Uint8Array[] = []
    for (let i = 0, bytes = 0; i < indices.length && bytes < SHED_BYTES; i++) {
      const { index, blocks, size } = await manifest.segment(indices[i] as number)
      bytes += size
      for (let block = 0; block < blocks; block++) digests.push(manifest.block(index, block).digest)
    }
    return digests
  }

  async #fetch ({ want, surplus }: ReplicationPlan): Promise<void> {
    const { delivery, shared: { components: { store } } } = this.#host
    const { manifest, inventory, swarm } = delivery
    for (const [segment, { id }] of this.#copying) {
      if (this.#shortSince.has(segment) && !inventory.have.complete(segment)) continue
      swarm.unwant(id)
      this.#copying.delete(segment)
    }
    let bytes = 0
    for (const copying of this.#copying.values()) bytes += copying.bytes
    // what few have must not push out what hardly more have: only surplus makes room, and a full store clears a good deal at once
    const spare = surplus.length * manifest.summary.bytes / manifest.summary.segments - Math.min(CLEARED_BYTES, store.quota / 4)
    const room = store.quota - store.used + Math.max(0, spare)
    for (const index of want) {
      if (this.#copying.has(index)) continue
      const segment = await manifest.segment(index)
      if (delivery.withholds(index)) continue
      if (this.#closed || bytes + segment.size > room || bytes > REPLICATE_BYTES || this.#copying.size >= REPLICATE_WANTS) break
      for (let block = 0; block < segment.blocks; block++) inventory.lookUp(segment, block)
      const id = swarm.want({ segment: index, first: 0, end: segment.blocks, deadline: undefined })
      this.#copying.set(index, { id, bytes: segment.size })
      bytes += segment.size
    }
    delivery.schedule()
  }

  #stop (): void {
    if (this.#copying.size === 0) return
    const { delivery } = this.#host
    for (const { id } of this.#copying.values()) delivery.swarm.unwant(id)
    this.#copying.clear()
    delivery.schedule()
  }
}
