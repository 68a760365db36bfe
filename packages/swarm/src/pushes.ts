import { BoundedMap } from '@shoal/base'
import type { Board } from './board.js'
import { RUN_BLOCKS, TRIED_LIMIT } from './defaults.js'
import { bitOf, keyOf, slotOf } from './key.js'
import type { Outbox } from './outbox.js'
import type { Peer } from './peer.js'

interface Subscription {
  readonly parent: Peer
  /** When somebody else was first seen to hold the block, and its parent was not. */
  heldAt: number | undefined
}

/** As much of the state as is needed here. */
interface Known {
  readonly board: Board
  readonly outbox: Outbox
}

/** Blocks that were subscribed to, and where: at one neighbour each. */
export class Pushes {
  readonly #state: Known
  readonly #byKey = new Map<number, Subscription>()
  /** Parents that did not want to, by block. */
  readonly #tried = new BoundedMap<string, Set<Peer>>(TRIED_LIMIT)
  readonly #masks = new Map<number, number>()

  constructor (state: Known) {
    this.#state = state
  }

  /** Blocks of a slot that come by themselves: nobody else need be asked for them. */
  mask (slot: number): number {
    return this.#masks.get(slot) ?? 0
  }

  get size (): number {
    return this.#byKey.size
  }

  [Symbol.iterator] (): IterableIterator<[number, Subscription]> {
    return [...this.#byKey].values()
  }

  add (parent: Peer, slot: number, bit: number): void {
    this.#byKey.set(keyOf(slot, bit), { parent, heldAt: undefined })
    this.#masks.set(slot, this.mask(slot) | 1 << bit)
    this.#state.outbox.subscribe(parent.name, ...this.#place(slot, bit))
  }

  /** It is over, whoever ended it. */
  remove (key: number): void {
    if (!this.#byKey.delete(key)) return
    const slot = slotOf(key)
    const rest = this.mask(slot) & ~(1 << bitOf(key))
    if (rest === 0) this.#masks.delete(slot)
    else this.#masks.set(slot, rest)
    // whoever holds it may be asked for it again
    this.#state.board.opened.push(slot)
  }

  /** The block is here, not wanted any more, or asked of somebody: of nobody but `from` it is expected. */
  settle (key: number, from: string | undefined): void {
    const parent = this.#byKey.get(key)?.parent
    if (parent === undefined) return
    this.remove(key)
    if (parent.name !== from) this.#state.outbox.unsubscribe(parent.name, ...this.#place(slotOf(key), bitOf(key)))
  }

  /** The parent will not send it. Returns whether it was one. */
  refused (peer: Peer, key: number): boolean {
    if (this.#byKey.get(key)?.parent !== peer) return false
    this.remove(key)
    const [segment, block] = this.#place(slotOf(key), bitOf(key))
    const name = `${segment}/${block}`
    const tried = this.#tried.get(name) ?? new Set()
    tried.add(peer)
    this.#tried.set(name, tried)
    return true
  }

  /** The peer is gone. */
  forget (peer: Peer): void {
    for (const [key, { parent }] of this.#byKey) if (parent === peer) this.remove(key)
  }

  tried (slot: number, bit: number): ReadonlySet<Peer> | undefined {
    return this.#tried.size === 0 ? undefined : this.#tried.get(this.#place(slot, bit).join('/'))
  }

  /** It was subscribed to at this peer. */
  at (peer: Peer, key: number): boolean {
    return this.#byKey.get(key)?.parent === peer
  }

  #place (slot: number, bit: number): [segment: number, block: number] {
    const { board } = this.#state
    return [board.segments[slot] as number, (board.runs[slot] as number) * RUN_BLOCKS + bit]
  }
}
