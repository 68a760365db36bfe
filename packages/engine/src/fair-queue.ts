import type { PeerName } from '@shoal/interface'

interface Lane<T> {
  readonly waiting: T[]
  /** What it got, over its share. */
  pass: number
}

/**
 * Who comes next where peers share one thing unequally: stride scheduling (Waldspurger and Weihl, MIT/LCS/TM-528, 1995). Over any time each
 * that always has something waiting gets its share; what one leaves over goes to the others, and is not owed to it later.
 */
export class FairQueue<T extends { readonly bytes: number }> {
  readonly #share: (peer: PeerName) => number
  readonly #lanes = new Map<PeerName, Lane<T>>()
  #size = 0
  /** Pass of the last one served. */
  #pass = 0

  /** @param share of a peer, above 0, asked whenever something of it is served */
  constructor (share: (peer: PeerName) => number) {
    this.#share = share
  }

  get size (): number {
    return this.#size
  }

  push (peer: PeerName, item: T): void {
    let lane = this.#lanes.get(peer)
    if (lane === undefined) this.#lanes.set(peer, lane = { waiting: [], pass: this.#pass })
    else if (lane.waiting.length === 0) lane.pass = Math.max(lane.pass, this.#pass)
    lane.waiting.push(item)
    this.#size++
  }

  /** Takes the next one, if `take` grants it. */
  serve (take: (item: T) => boolean): T | undefined {
    let next: [PeerName, Lane<T>] | undefined
    for (const entry of this.#lanes) if (entry[1].waiting.length > 0 && (next === undefined || entry[1].pass < next[1].pass)) next = entry
    if (next === undefined) return undefined
    const [peer, lane] = next
    const [item] = lane.waiting as [T]
    if (!take(item)) return undefined
    // before the share is asked for: that may choke peers, and take back what they wait for
    lane.waiting.shift()
    this.#removed()
    this.#pass = lane.pass
    lane.pass += item.bytes / this.#share(peer)
    return item
  }

  delete (peer: PeerName, item: T): void {
    const waiting = this.#lanes.get(peer)?.waiting
    const at = waiting?.indexOf(item) ?? -1
    if (at < 0) return
    waiting?.splice(at, 1)
    this.#removed()
  }

  /** The peer is gone. */
  forget (peer: PeerName): void {
    if (this.#lanes.get(peer)?.waiting.length === 0) this.#lanes.delete(peer)
  }

  #removed (): void {
    this.#size--
  }
}
