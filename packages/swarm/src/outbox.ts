import type { SwarmAction } from './types.js'
import type { PeerName } from '@shoal/interface'

type Fallback = Extract<SwarmAction, { type: 'fallback' }>
type Grouped = Map<PeerName, Map<number, number[]>>

/** Collects a decision's actions: blocks of one segment for one peer become one action, a request that is taken back at once none. */
export class Outbox {
  #requests: Grouped = new Map()
  #cancels: Grouped = new Map()
  #subscribes: Grouped = new Map()
  #unsubscribes: Grouped = new Map()
  readonly #origin: SwarmAction[] = []
  readonly #cancelOrigin: SwarmAction[] = []
  #fallbacks = new Map<string, Fallback>()

  request (peer: PeerName, segment: number, block: number): void {
    push(this.#requests, peer, segment, block)
  }

  cancel (peer: PeerName, segment: number, block: number): void {
    const blocks = this.#requests.get(peer)?.get(segment)
    const at = blocks?.indexOf(block) ?? -1
    if (at >= 0) blocks?.splice(at, 1)
    else push(this.#cancels, peer, segment, block)
  }

  subscribe (peer: PeerName, segment: number, block: number): void {
    push(this.#subscribes, peer, segment, block)
  }

  unsubscribe (peer: PeerName, segment: number, block: number): void {
    const blocks = this.#subscribes.get(peer)?.get(segment)
    const at = blocks?.indexOf(block) ?? -1
    if (at >= 0) blocks?.splice(at, 1)
    else push(this.#unsubscribes, peer, segment, block)
  }

  /** `tell` the neighbours that we fetch it. */
  origin (action: Extract<SwarmAction, { type: 'origin' }>, tell: boolean): void {
    if (tell) this.fetching(action.segment)
    this.#origin.push(action)
  }

  /** Tell the neighbours that it will be here. */
  fetching (segment: number): void {
    this.#origin.push({ type: 'fetching', segment })
  }

  cancelOrigin (segment: number, first: number, end: number): void {
    this.#cancelOrigin.push({ type: 'cancel-origin', segment, first, end })
  }

  fallback (segment: number, from: Fallback['from'], to: Fallback['to'], reason: Fallback['reason']): void {
    this.#fallbacks.set(`${segment} ${from} ${to} ${reason}`, { type: 'fallback', segment, from, to, reason })
  }

  /** The block came before its cancel went out. Returns whether there was one. */
  spare (peer: PeerName, segment: number, block: number): boolean {
    const blocks = this.#cancels.get(peer)?.get(segment)
    const at = blocks?.indexOf(block) ?? -1
    if (at >= 0) blocks?.splice(at, 1)
    return at >= 0
  }

  /** A departed peer needs no cancels. */
  forget (peer: PeerName): void {
    for (const grouped of [this.#cancels, this.#subscribes, this.#unsubscribes]) grouped.delete(peer)
  }

  /** Cancels first: they make the room that requests use. */
  take (): SwarmAction[] {
    const actions: SwarmAction[] = []
    drain(this.#cancels, 'cancel', actions)
    drain(this.#unsubscribes, 'unsubscribe', actions)
    for (const list of [this.#cancelOrigin, this.#origin]) {
      actions.push(...list)
      list.length = 0
    }
    drain(this.#requests, 'request', actions)
    drain(this.#subscribes, 'subscribe', actions)
    if (this.#fallbacks.size > 0) {
      actions.push(...this.#fallbacks.values())
      this.#fallbacks.clear()
    }
    return actions
  }
}

function push (to: Grouped, peer: PeerName, segment: number, block: number): void {
  let segments = to.get(peer)
  if (segments === undefined) to.set(peer, segments = new Map<number, number[]>())
  const blocks = segments.get(segment)
  if (blocks === undefined) segments.set(segment, [block])
  else blocks.push(block)
}

function drain (from: Grouped, type: 'request' | 'cancel' | 'subscribe' | 'unsubscribe', to: SwarmAction[]): void {
  // most decisions come to nothing
  if (from.size === 0) return
  for (const [peer, segments] of from) {
    for (const [segment, blocks] of segments) if (blocks.length > 0) to.push({ type, peer, segment, blocks })
  }
  from.clear()
}
