import { nextCommon } from './bits.js'
import { COVERED_MS, RUN_BLOCKS, WITHHOLD_MS } from './defaults.js'
import { Endgame } from './endgame.js'
import { far } from './far.js'
import { hedge, probe } from './hedge.js'
import { HotSwap } from './hot-swap.js'
import { Lookers } from './lookers.js'
import { near } from './near.js'
import { bulk, dated } from './origin-pass.js'
import { Peer } from './peer.js'
import { push } from './push.js'
import { Starving } from './starving.js'
import { bitOf, keyOf, slotOf } from './key.js'
import { State } from './state.js'
import type { Decision, Swarm, SwarmComponents, SwarmInit, Want } from './types.js'
import { urgent } from './urgent.js'
import { fronts } from './zones.js'
import type { HaveDelta, HaveMap, PeerName } from '@shoal/interface'

/** Turns events into state, and runs the passes of a decision in the order of their claims. */
export class SwarmMachine implements Swarm {
  readonly #state: State
  readonly #lookers = new Lookers()
  readonly #hotSwap = new HotSwap()
  readonly #endgame = new Endgame()
  readonly #starving = new Starving()

  constructor (init: SwarmInit, components: SwarmComponents, state = new State(init, components)) {
    this.#state = state
  }

  want (want: Want): number {
    const state = this.#state
    if (want.deadline === undefined && state.wants.bulk === 0) state.bulkSince = state.tick()
    state.touch(want.segment, want.first, want.end)
    return state.wants.add(want, state.tick()).id
  }

  unwant (id: number): void {
    const want = this.#state.wants.remove(id)
    if (want !== undefined) this.#state.touch(want.segment, want.first, want.end)
  }

  setMode (mode: SwarmInit['mode']): void {
    const state = this.#state
    const before = state.mode
    if (mode === before) return
    state.tick()
    state.mode = mode
    for (const peer of state.peers.values()) {
      if (mode === 'origin') this.#dismiss(peer)
      else if (before === 'origin') this.#behold(peer)
    }
    if (mode === 'p2p') state.jobs.dismiss()
  }

  /** Nothing is asked of the peer any more. */
  #dismiss (peer: Peer): void {
    const state = this.#state
    for (const key of [...peer.flights.keys()]) {
      state.cancel(peer, key)
      state.displace(key, 'peer', 'mode')
    }
    state.disown(peer)
    for (const [key, { parent }] of state.pushes) if (parent === peer) state.pushes.settle(key, undefined)
    for (let slot = -1; (slot = nextCommon(peer.slots, peer.slots, slot + 1, state.board.size)) >= 0;) state.unsee(peer, slot, 0xff)
  }

  #behold (peer: Peer): void {
    const { board } = this.#state
    for (let slot = 0; slot < board.size; slot++) if (board.wanted[slot] !== 0) this.#state.see(peer, slot)
    peer.stir()
  }

  redate (id: number, deadline: number | undefined): void {
    const state = this.#state
    if (deadline === undefined && state.wants.bulk === 0) state.bulkSince = state.tick()
    state.wants.redate(id, deadline, state.tick())
  }

  peerJoined (peer: PeerName, have: HaveMap, pushes = false): void {
    const state = this.#state
    state.tick()
    this.peerLeft(peer)
    const joined = new Peer(peer, have, state.seedOf(peer), state.stirred)
    joined.pushes = pushes
    state.peers.set(peer, joined)
    this.#behold(joined)
    this.#recheck(joined)
  }

  peerLeft (name: PeerName): void {
    const state = this.#state
    const peer = state.peers.get(name)
    if (peer === undefined) return
    state.tick()
    for (const key of [...peer.flights.keys()]) {
      state.unfly(peer, key)
      state.displace(key, 'peer', 'gone')
    }
    state.disown(peer)
    state.pushes.forget(peer)
    for (let slot = -1; (slot = nextCommon(peer.slots, peer.slots, slot + 1, state.board.size)) >= 0;) state.unsee(peer, slot, 0xff)
    state.peers.delete(name)
    state.outbox.forget(name)
    for (const set of [state.stirred, state.stalled, state.rescue, state.refusing]) set.delete(peer)
    if (state.peers.size === 0) state.bulkSince = state.now
  }

  peerHave (name: PeerName, segments: readonly number[], delta?: HaveDelta): number | undefined {
    const state = this.#state
    const peer = state.peers.get(name)
    if (peer === undefined) return undefined
    state.tick()
    if (segments.length > 0) peer.activeAt = state.now
    peer.place.version = -1
    let news: number | undefined
    // what has a deadline has time until then, a download is over when its last block is here
    const later = state.wants.bulk > 0 ? state.now : state.now + COVERED_MS
    const note = (slot: number): void => {
      if (slot < 0 || !state.see(peer, slot)) return
      const open = (state.board.open(slot) & peer.mask(slot)) !== 0
      if (open) news = state.now
      else news ??= later
    }
    const narrow = delta?.complete.length === 0 && (delta.dropped?.length ?? 0) === 0
    for (const segment of segments) {
      const index = state.board.slotsOf(segment)
      state.fetching.progress(name, segment)
      if (index === undefined) continue
      peer.gainedAt = state.now
      if (narrow) continue
      for (const slot of index) note(slot)
    }
    if (narrow) {
      for (const { segment, first, bits } of delta.partial) {
        const index = state.board.slotsOf(segment)
        if (index === undefined) continue
        const run = Math.floor(first / RUN_BLOCKS)
        const end = Math.min(index.length, run + bits.length)
        for (let at = run; at < end; at++) if (bits[at - run] !== 0) note(index[at] as number)
      }
    }
    if (news !== undefined) this.#recheck(peer)
    return news
  }

  peerChoked (name: PeerName, choked: boolean): void {
    const peer = this.#state.peers.get(name)
    if (peer === undefined) return
    peer.choked = choked
    if (!choked) this.#state.withhold(peer, false)
    if (!choked || peer.gave) this.#state.refusing.delete(peer)
    else if (!this.#state.refusing.has(peer)) this.#state.refusing.set(peer, this.#state.tick() + WITHHOLD_MS)
    peer.stir()
    if (choked) {
      this.#state.disown(peer)
      return
    }
    peer.pausedUntil = 0
    this.#recheck(peer)
  }

  peerFetching (peer: PeerName, segment: number): boolean {
    const state = this.#state
    state.tick()
    // an echo of our own word
    if (state.jobs.pending(segment) > 0) return false
    // who waits for it will have it too: neighbours of ours that are none of theirs need not elect another
    const news = state.fetching.heard(peer, segment)
    if (news && state.wants.of(segment).length > 0 && state.fetching.tell(segment)) state.outbox.fetching(segment)
    // down a tree goes what its members are known to wait for
    return news || state.pushed(segment)
  }

  delivered (segment: number, block: number, from: PeerName | 'origin' | 'store'): void {
    const state = this.#state
    state.tick()
    const size = state.parts.size(segment, block)
    state.bytes += size
    const peer = state.peers.get(from)
    if (peer !== undefined) {
      peer.delivered(state.now)
      state.refusing.delete(peer)
      state.withhold(peer, false)
      // its link no longer counts the block: the cancel would make room twice
      if (state.outbox.spare(from, segment, block)) state.adjust(peer, size)
      state.lastPeerDelivery = state.now
      state.served = true
    }
    this.#starving.fed(segment)
    if (state.wants.of(segment).some(({ deadline }) => deadline !== undefined)) state.trail.step(segment)
    const slot = state.board.slot(segment, Math.floor(block / RUN_BLOCKS))
    const bit = block % RUN_BLOCKS
    if (slot >= 0 && ((state.board.wanted[slot] as number) >>> bit & 1) === 1) state.settle(slot, bit, from)
  }

  refused (name: PeerName, segment: number, block: number, reason: string): void {
    const peer = this.#state.peers.get(name)
    if (peer === undefined) return
    if (this.#unpushed(peer, segment, block)) return
    this.#returned(peer, segment, block, 'refused')
    if (reason === 'not-found' || reason === 'retired' || reason === 'unauthorised') this.#deny(peer, segment, block)
    else peer.pause(this.#state.now, reason !== 'busy' && reason !== 'choked')
  }

  lost (name: PeerName, segment: number, block: number): void {
    const peer = this.#state.peers.get(name)
    if (peer === undefined || this.#unpushed(peer, segment, block)) return
    this.#returned(peer, segment, block, 'gone')
    this.#deny(peer, segment, block)
  }

  /** Returns whether it was only to be handed on when it comes: that the peer does not do so says no more of it. */
  #unpushed (peer: Peer, segment: number, block: number): boolean {
    const slot = this.#state.board.slot(segment, Math.floor(block / RUN_BLOCKS))
    return slot >= 0 && this.#state.pushes.refused(peer, keyOf(slot, block % RUN_BLOCKS))
  }

  /** The peer will not deliver this block. */
  #returned (peer: Peer, segment: number, block: number, reason: 'refused' | 'gone'): void {
    const state = this.#state
    state.tick()
    const slot = state.board.slot(segment, Math.floor(block / RUN_BLOCKS))
    const key = keyOf(slot, block % RUN_BLOCKS)
    if (slot < 0 || !peer.flights.has(key)) return
    state.unfly(peer, key)
    state.displace(key, 'peer', reason)
  }

  #deny (peer: Peer, segment: number, block: number): void {
    const state = this.#state
    peer.deny(segment, block, state.now)
    const slot = state.board.slot(segment, Math.floor(block / RUN_BLOCKS))
    if (slot >= 0) state.unsee(peer, slot, 1 << (block % RUN_BLOCKS))
  }

  stalled (name: PeerName): void {
    const state = this.#state
    const peer = state.peers.get(name)
    if (peer === undefined) return
    state.tick()
    state.stall(peer)
  }

  dropped (segment: number, block: number): void {
    this.#state.touch(segment, block, block + 1)
  }

  retired (segment: number): void {
    // readers hear of it a little later: until then the origin would be asked for what is no more
    for (const { id } of [...this.#state.wants.of(segment)]) this.unwant(id)
    this.#state.jobs.forget(segment)
  }

  originDone (segment: number, first: number, end: number, error: 'failed' | 'mismatch' | undefined): void {
    this.#state.tick()
    this.#state.jobs.done(segment, first, end, error)
  }

  decide (): Decision {
    const state = this.#state
    state.tick()
    state.turn++
    state.reconcile()
    this.#relieve()
    this.#writeOff()
    if (state.jobs.count > 0 || state.board.live > 0) this.#pick()
    else this.#starving.found = undefined
    state.settled()
    return { actions: state.outbox.take(), wakeAt: state.takeWake() }
  }

  #pick (): void {
    const state = this.#state
    const { mode } = state
    const alone = mode === 'origin' || state.peers.size === 0
    const found = fronts(state, alone)
    if (mode !== 'p2p') dated(state, found)
    if (mode !== 'origin') {
      this.#hotSwap.run(state)
      hedge(state)
      push(state, found)
      near(state, found, this.#lookers.roomy(state))
      urgent(state, found)
      if (mode === 'hybrid') probe(state, found)
      far(state, found, this.#lookers.roomy(state))
      this.#endgame.run(state)
    }
    if (mode !== 'p2p') bulk(state)
    this.#starving.look(state, found)
  }

  /** Stalled peers lose what somebody else can give; what only they have stays with them. */
  #relieve (): void {
    const state = this.#state
    for (const peer of state.rescue) {
      for (const key of peer.stalled ? [...peer.flights.keys()] : []) {
        // a probe that is taken back at the first occasion could never succeed
        if (key === peer.probe || !this.#elsewhere(peer, key)) continue
        state.cancel(peer, key)
        state.displace(key, 'peer', 'stalled')
      }
    }
    state.rescue.clear()
  }

  /** Those who have refused us for long, and never gave us anything, are no source. */
  #writeOff (): void {
    const state = this.#state
    for (const [peer, due] of state.refusing) {
      if (due > state.now) {
        state.wake(due)
        continue
      }
      state.refusing.delete(peer)
      state.withhold(peer, true)
    }
  }

  #elsewhere (stalled: Peer, key: number): boolean {
    const state = this.#state
    if (state.jobs.usable(state.board.segments[slotOf(key)] as number)) return true
    for (const peer of state.peers.values()) {
      if (peer !== stalled && (peer.mask(slotOf(key)) >>> bitOf(key) & 1) === 1 && !peer.choked && !peer.stalled) return true
    }
    return false
  }

  /** `helper` may give what a stalled peer was asked for. */
  #recheck (helper: Peer): void {
    for (const peer of this.#state.stalled) {
      if (!peer.stalled) this.#state.stalled.delete(peer)
      else for (const key of peer.flights.keys()) if ((helper.mask(slotOf(key)) >>> bitOf(key) & 1) === 1) this.#state.rescue.add(peer)
    }
  }

  awaits (segment: number, block: number, name: PeerName): boolean {
    const { board, peers, pushes } = this.#state
    const slot = board.slot(segment, Math.floor(block / RUN_BLOCKS))
    const bit = block % RUN_BLOCKS
    if (slot < 0 || ((board.wanted[slot] as number) >>> bit & 1) === 0) return false
    const peer = peers.get(name)
    // two that wait for each other would wait for ever
    return peer !== undefined && !pushes.at(peer, keyOf(slot, bit))
  }

  starving (): { readonly segment: number, readonly since: number } | undefined {
    return this.#starving.found
  }
}
