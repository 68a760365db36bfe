import { shuffle } from '@shoal/base'
import { nextCommon } from './bits.js'
import { Board } from './board.js'
import { DUPLICATES_SHARE, KNOWN_MS, RECALLS_SHARE, RUN_BLOCKS } from './defaults.js'
import { electionSeeds } from './election.js'
import { Fetching } from './fetching.js'
import { OriginJobs, type Displacement } from './jobs.js'
import { bitOf, keyOf, slotOf } from './key.js'
import { Outbox } from './outbox.js'
import { type Peer } from './peer.js'
import { Pushes } from './pushes.js'
import type { PeerName } from '@shoal/interface'
import { Trail } from './trail.js'
import type { SwarmComponents, SwarmInit } from './types.js'
import { Wants } from './wants.js'

/**
 * All that a swarm knows, and the transitions that keep it consistent: a block is wanted, asked of peers (`holders` and each peer's
 * `flights`) or of the origin (`jobs`), and settled. The passes of a decision read it and call `request`, `cancel` and `jobs.start`.
 */
export class State {
  readonly init: SwarmInit
  mode: SwarmInit['mode']
  readonly parts: SwarmComponents
  readonly board = new Board()
  readonly wants = new Wants()
  readonly trail = new Trail()
  readonly peers = new Map<PeerName, Peer>()
  /** Peers about which something changed since a decision last looked at them. */
  readonly stirred = new Set<Peer>()
  /** Who was asked for a block, by key. More than one only at the end. */
  readonly holders = new Map<number, Peer[]>()
  /** Changes with what peers are asked for, and with who else could give that. */
  asked = 0
  readonly outbox = new Outbox()
  readonly jobs: OriginJobs
  readonly fetching: Fetching
  readonly pushes: Pushes
  readonly seedOf: (peer: PeerName) => number
  readonly self: number
  /** Blocks that a source was to give and did not, until they are asked for elsewhere. */
  readonly displaced = new Map<number, Displacement>()
  readonly stalled = new Set<Peer>()
  /** Those of them whose requests may have somewhere else to go. */
  readonly rescue = new Set<Peer>()
  /** Peers that have us wait and never gave us anything, and when that is long enough. */
  readonly refusing = new Map<Peer, number>()
  /** Stretches whose wants changed since the last decision. */
  #touched: { segment: number, first: number, end: number }[] = []
  /** Time of the event or decision under way, and the number of the decision. */
  now = 0
  turn = 0
  /** Bytes delivered, and of requests made twice. */
  bytes = 0
  duplicated = 0
  /** Bytes that were likely under way from peers when their requests were cancelled. */
  recalled = 0
  lastPeerDelivery: number
  /** A peer has given us a block. */
  served = false
  #strangers: readonly number[] = []
  #strangersAt = -Infinity
  /** Since when bulk is wanted without having found peers. */
  bulkSince = 0
  #wake = Infinity
  /** Peers whose `added` is not 0, or was. */
  #adjusted: Peer[] = []

  constructor (init: SwarmInit, parts: SwarmComponents) {
    this.init = init
    this.mode = init.mode
    this.parts = parts
    this.seedOf = electionSeeds(init.swarm)
    this.self = this.seedOf(init.self)
    this.jobs = new OriginJobs(this)
    this.fetching = new Fetching(this)
    this.pushes = new Pushes(this)
    this.lastPeerDelivery = this.now = parts.clock.now()
  }

  /** This segment goes down trees. */
  pushed (segment: number): boolean {
    return this.parts.pushes?.(segment) === true
  }

  tick (): number {
    return this.now = this.parts.clock.now()
  }

  /** Seeds of those in the swarm who are no neighbours, not older than a second. */
  get strangers (): readonly number[] {
    if (this.now - this.#strangersAt >= KNOWN_MS) {
      this.#strangersAt = this.now
      const strangers: number[] = []
      for (const name of this.parts.known()) if (name !== this.init.self && !this.peers.has(name)) strangers.push(this.seedOf(name))
      this.#strangers = strangers
    }
    return this.#strangers
  }

  /** Decide again at `at` at the latest. */
  wake (at: number): void {
    if (at < this.#wake) this.#wake = at
  }

  takeWake (): number | undefined {
    const at = this.#wake
    this.#wake = Infinity
    return at === Infinity ? undefined : Math.max(at, this.now + 1)
  }

  touch (segment: number, first: number, end: number): void {
    this.#touched.push({ segment, first, end })
  }

  /** Something may be asked for twice. */
  get mayDuplicate (): boolean {
    return this.duplicated <= DUPLICATES_SHARE * this.bytes
  }

  /** A request may be cancelled though some of it is likely under way. */
  get mayRecall (): boolean {
    return this.recalled <= RECALLS_SHARE * this.bytes
  }

  /** Brings the index up to what is wanted now; new runs come in random order, which is the tie-break of rarest first. */
  reconcile (): void {
    if (this.#touched.length === 0) return
    const fresh: { segment: number, run: number, runs: number }[] = []
    for (const { segment, first, end } of this.#touched) {
      const blocks = this.parts.blocks(segment)
      const runs = Math.ceil(blocks / RUN_BLOCKS)
      const from = Math.max(0, Math.floor(first / RUN_BLOCKS))
      for (const want of this.wants.of(segment)) want.cursor = Math.max(Math.floor(want.first / RUN_BLOCKS), Math.min(want.cursor, from))
      for (let run = from; run < runs && run * RUN_BLOCKS < end; run++) {
        const slot = this.board.slot(segment, run)
        if (slot >= 0) this.#setWanted(slot, this.#missing(segment, run, blocks))
        else fresh.push({ segment, run, runs })
      }
    }
    this.#touched = []
    if (this.mode !== 'origin') shuffle(fresh, this.parts.random)
    for (const { segment, run, runs } of fresh) {
      if (this.board.slot(segment, run) >= 0) continue
      const wanted = this.#missing(segment, run, this.parts.blocks(segment))
      if (wanted !== 0) this.#setWanted(this.board.allocate(segment, run, runs), wanted)
    }
  }

  #missing (segment: number, run: number, blocks: number): number {
    const { have } = this.parts
    if (have.complete(segment)) return 0
    let mask = this.wants.coverage(segment, run)
    const some = have.some(segment)
    for (let bit = 0; bit < RUN_BLOCKS; bit++) {
      const block = run * RUN_BLOCKS + bit
      if (block >= blocks || (some && have.has(segment, block))) mask &= ~(1 << bit)
    }
    return mask
  }

  #setWanted (slot: number, mask: number): void {
    const { board } = this
    const before = board.wanted[slot] as number
    // first, for settling the last block frees the slot
    board.wanted[slot] = before | mask
    for (let bit = 0; bit < RUN_BLOCKS; bit++) if (((before & ~mask) >>> bit & 1) === 1) this.settle(slot, bit, undefined)
    if (mask === 0) return
    if ((mask & ~before) !== 0) for (const peer of this.peers.values()) this.see(peer, slot, before & mask)
    board.refresh(slot)
  }

  /**
   * Reads again what of this run the peer holds.
   *
   * @param known the blocks of which the peer's mask means something: a settled block stays in it, so that settling costs nothing per peer
   * @returns whether that has changed
   */
  see (peer: Peer, slot: number, known = this.board.wanted[slot] as number): boolean {
    const { board } = this
    if (this.mode === 'origin') return false
    const mask = peer.mask(slot)
    const before = mask & known
    const after = peer.holds(board.segments[slot] as number, board.runs[slot] as number, board.wanted[slot] as number, this.now)
    if (mask !== after) peer.setMask(slot, after)
    if (before === after) return false
    board.count(slot, before, after, !peer.withholds)
    const gained = after & ~before
    if (gained !== 0) peer.stir()
    if ((gained & (board.flying[slot] as number)) !== 0) this.asked++
    return true
  }

  /** The peer holds none of it any more. */
  unsee (peer: Peer, slot: number, mask: number): void {
    const before = peer.mask(slot) & (this.board.wanted[slot] as number)
    if ((before & mask) === 0) return
    peer.setMask(slot, before & ~mask)
    this.board.count(slot, before, before & ~mask, !peer.withholds)
  }

  /** The peer withholds what it holds, or does so no more. */
  withhold (peer: Peer, withholds: boolean): void {
    if (peer.withholds === withholds) return
    peer.withholds = withholds
    const { board } = this
    for (let slot = -1; (slot = nextCommon(peer.slots, peer.slots, slot + 1, board.size)) >= 0;) {
      const held = peer.mask(slot) & (board.wanted[slot] as number)
      if (held !== 0) board.withhold(slot, held, withholds)
    }
  }

  /** The block is here (`from`) or nobody wants it (`undefined`): whoever else was asked for it is told. */
  settle (slot: number, bit: number, from: PeerName | undefined): void {
    const { board } = this
    const key = keyOf(slot, bit)
    const segment = board.segments[slot] as number
    const block = (board.runs[slot] as number) * RUN_BLOCKS + bit
    // first, or the block would seem to open
    board.wanted[slot] = (board.wanted[slot] as number) & ~(1 << bit)
    // both put another list into its place
    for (const peer of this.holders.get(key) ?? []) {
      if (peer.name === from) this.unfly(peer, key)
      else this.cancel(peer, key)
    }
    this.pushes.settle(key, from)
    if (((board.origin[slot] as number) >>> bit & 1) === 1) this.jobs.landed(segment, block, from)
    this.displaced.delete(key)
    board.settle(slot, bit)
    if (board.wanted[slot] === 0) {
      const owner = board.owner(slot)
      if (owner !== undefined) owner.current = undefined
      board.free(slot)
    }
  }

  request (peer: Peer, slot: number, bit: number): void {
    const { board } = this
    const segment = board.segments[slot] as number
    const block = (board.runs[slot] as number) * RUN_BLOCKS + bit
    const key = keyOf(slot, bit)
    const size = this.parts.size(segment, block)
    this.pushes.settle(key, peer.name)
    this.asked++
    const asked = this.holders.get(key)
    if (asked === undefined) this.holders.set(key, [peer])
    else asked.push(peer)
    if (peer.flights.size === 0) peer.busySince = this.now
    peer.heldSince = undefined
    peer.flights.set(key, size)
    if (peer.stalled) peer.probe = key
    this.adjust(peer, size)
    board.flying[slot] = (board.flying[slot] as number) | (1 << bit)
    board.refresh(slot)
    this.outbox.request(peer.name, segment, block)
    this.replaced(key, segment, 'peer')
  }

  /** A source was to give the block and does not; unless another is at it already, it will go elsewhere. */
  displace (key: number, from: Displacement['from'], reason: Displacement['reason']): void {
    const covered = this.holders.has(key) || ((this.board.origin[slotOf(key)] as number) >>> bitOf(key) & 1) === 1
    if (!covered) this.displaced.set(key, { from, reason })
  }

  /** The block that was displaced has found another source. */
  replaced (key: number, segment: number, to: 'peer' | 'origin'): void {
    const displacement = this.displaced.get(key)
    if (displacement === undefined) return
    this.displaced.delete(key)
    this.outbox.fallback(segment, displacement.from, to, displacement.reason)
  }

  /** The peer is not asked for this block any more; it is open again when nobody else is. */
  unfly (peer: Peer, key: number): void {
    const size = peer.flights.get(key)
    if (size === undefined) return
    this.asked++
    peer.flights.delete(key)
    if (peer.flights.size === 0 && peer.rate <= 0) peer.vain += Math.max(0, this.now - peer.busySince - (peer.link.rtt ?? 0))
    peer.stir()
    const rest = (this.holders.get(key) ?? []).filter(other => other !== peer)
    if (rest.length > 0) {
      this.holders.set(key, rest)
      return
    }
    this.holders.delete(key)
    const slot = slotOf(key)
    this.board.flying[slot] = (this.board.flying[slot] as number) & ~(1 << bitOf(key))
    this.board.refresh(slot)
  }

  cancel (peer: Peer, key: number): void {
    const size = peer.flights.get(key)
    if (size === undefined) return
    const slot = slotOf(key)
    this.unfly(peer, key)
    this.adjust(peer, -size)
    this.outbox.cancel(peer.name, this.board.segments[slot] as number, (this.board.runs[slot] as number) * RUN_BLOCKS + bitOf(key))
  }

  /** Bytes were asked of the peer, or cancelled, that its link does not show in this decision. */
  adjust (peer: Peer, bytes: number): void {
    if (peer.added === 0) this.#adjusted.push(peer)
    peer.added += bytes
  }

  /** The decision is carried out: links show what it asked for. */
  settled (): void {
    for (const peer of this.#adjusted) peer.added = 0
    this.#adjusted = []
  }

  /** Nothing is expected of the peer any more, until it delivers. */
  stall (peer: Peer): void {
    peer.stall(this.now)
    this.disown(peer)
    this.stalled.add(peer)
    this.rescue.add(peer)
  }

  /** Gives up the run the peer works on. */
  disown (peer: Peer): void {
    if (peer.current === undefined) return
    this.board.own(peer.current, undefined)
    peer.current = undefined
  }

  /** The peer with its link as it is at this decision. */
  view (peer: Peer): Peer {
    if (peer.read !== this.turn) {
      peer.read = this.turn
      peer.viewedAt = this.now
      peer.link = this.parts.link(peer.name)
    }
    return peer
  }
}
