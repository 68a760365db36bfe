import { BoundedMap } from '@shoal/base'
import { Bits } from './bits.js'
import { BUSY_MAX_MS, BUSY_MS, DENIED_LIMIT, DENIED_MS, QUEUE_MS, RUN_BLOCKS, SHUT_MS, STALL_MAX_MS, STALL_MS } from './defaults.js'
import type { PeerLink } from './types.js'
import type { HaveMap, PeerName } from '@shoal/interface'

const UNREAD: PeerLink = { window: 0, outstanding: 0, rate: 0, rtt: undefined }

/** What the picker knows of a peer: what it holds of the missing blocks, what it was asked for, and how it behaved. */
export class Peer {
  readonly name: PeerName
  readonly have: HaveMap
  /** Its hash for rendezvous in this swarm. */
  readonly seed: number
  /** Slots of which it holds a missing block, and which blocks. What is not missing any more is cleared only when it is met. */
  readonly slots = new Bits()
  #masks = new Uint8Array(64)
  /** Blocks asked of it (slot * 8 + bit) in the order asked, with their size. */
  readonly flights = new Map<number, number>()
  /** The run it is working on. */
  current: number | undefined
  /** From its end: the run is another neighbour's to begin. */
  backwards = false
  choked = false
  /** It takes subscriptions. */
  pushes = false
  /** It has had us wait for long and never gave us anything: what it holds is of no use to us, or to anybody like us. */
  withholds = false
  gave = false
  pausedUntil = 0
  stalled = false
  /** What it is sending is overdue: it gets nothing else until that is here. */
  slow = false
  #busy = 0
  #stalls = 0
  probeAt = 0
  /** The block that it is probed with while stalled. */
  probe: number | undefined
  /** Times it said that it fetches and nothing came. */
  broken = 0
  /** When it last said that it has got something that we miss. */
  gainedAt = -Infinity
  /** When it got something last, or said that it would. */
  activeAt = -Infinity
  /** Whether it is where we are, as it was looked up for a segment: see `alongside`. */
  readonly place = { version: -1, segment: -1, near: false }
  /** Since when others' turns keep us from asking it for anything. */
  heldSince: number | undefined
  /** It has room and there was nothing to ask it for. */
  exhausted = false
  /** The decision that read `link`, and the one that computed `queue` and `pace`. */
  read = -1
  timed = -1
  viewedAt = 0
  /** When it delivered last, or was asked for something while it had nothing to do. */
  busySince = -Infinity
  /** ms that it was waited for before that, for nothing. */
  vain = 0
  /** Bytes that come until each block asked of it is here, by its place in the queue; and bytes per second that it is counted on for. */
  readonly queue = new Map<number, number>()
  pace = 0
  link: PeerLink = UNREAD
  /** Bytes asked for minus bytes cancelled by the decision under way, which `link` does not show yet. */
  added = 0
  readonly #denied = new BoundedMap<string, number>(DENIED_LIMIT)
  readonly #stirred: Set<Peer>

  /** @param stirred where it puts itself when something about it changed */
  constructor (name: PeerName, have: HaveMap, seed: number, stirred: Set<Peer>) {
    this.name = name
    this.have = have
    this.seed = seed
    this.#stirred = stirred
  }

  /** Something about it changed: the next decision looks at it. */
  stir (): void {
    this.exhausted = false
    this.#stirred.add(this)
  }

  mask (slot: number): number {
    return this.#masks[slot] ?? 0
  }

  setMask (slot: number, mask: number): void {
    if (slot >= this.#masks.length) {
      const grown = new Uint8Array(Math.max(slot + 1, 2 * this.#masks.length))
      grown.set(this.#masks)
      this.#masks = grown
    }
    this.#masks[slot] = mask
    if (mask !== 0) this.slots.add(slot)
    else this.slots.delete(slot)
  }

  /** The blocks of a run, among `wanted`, that its have-map shows and that it has not denied. */
  holds (segment: number, run: number, wanted: number, now: number): number {
    if (!this.have.some(segment)) return 0
    let mask = wanted
    if (!this.have.complete(segment)) {
      for (let bit = 0; bit < RUN_BLOCKS; bit++) {
        if ((wanted >>> bit & 1) === 1 && !this.have.has(segment, run * RUN_BLOCKS + bit)) mask &= ~(1 << bit)
      }
    }
    if (mask === 0 || this.#denied.size === 0) return mask
    for (let bit = 0; bit < RUN_BLOCKS; bit++) {
      if ((mask >>> bit & 1) === 1 && (this.#denied.get(`${segment}/${run * RUN_BLOCKS + bit}`) ?? 0) > now) mask &= ~(1 << bit)
    }
    return mask
  }

  deny (segment: number, block: number, now: number): void {
    this.#denied.set(`${segment}/${block}`, now + DENIED_MS)
  }

  /** It may be asked for blocks now, window aside. A stalled peer is asked for one block at a time once its pause is over. */
  usable (now: number): boolean {
    return !this.choked && this.pausedUntil <= now && (!this.stalled || (this.probeAt <= now && this.flights.size === 0))
  }

  /** When it may become usable by time alone, `undefined` when that is not what it waits for. */
  usableAt (now: number): number | undefined {
    if (this.choked || this.usable(now)) return undefined
    if (this.stalled && this.flights.size > 0) return undefined
    return Math.max(this.pausedUntil, this.stalled ? this.probeAt : 0)
  }

  get room (): boolean {
    return this.link.outstanding + this.added < this.link.window && !((this.stalled || this.slow) && this.flights.size > 0)
  }

  /** It has room, and what it was asked for will be here soon: what waits at a slow peer waits long, and cannot come from another. */
  get quick (): boolean {
    const { rate, outstanding } = this.link
    return this.room && (rate <= 0 || outstanding + this.added < Math.max(1, rate * QUEUE_MS / 1000))
  }

  get rate (): number {
    return this.link.rate
  }

  delivered (now: number): void {
    this.stalled = this.slow = false
    this.gave = true
    this.busySince = now
    this.vain = 0
    this.#busy = this.#stalls = 0
    this.pausedUntil = 0
    this.stir()
  }

  pause (now: number, shut: boolean): void {
    this.stir()
    // refusals of one batch count once
    if (this.pausedUntil > now) return
    this.pausedUntil = now + (shut ? SHUT_MS : Math.min(BUSY_MAX_MS, BUSY_MS * 2 ** this.#busy++))
  }

  stall (now: number): void {
    this.stalled = true
    this.probe = undefined
    this.stir()
    this.probeAt = now + Math.min(STALL_MAX_MS, STALL_MS * 2 ** this.#stalls++)
  }
}
