import { BoundedMap } from '@shoal/base'
import type { HaveMap, PeerName, SwarmId } from '@shoal/interface'
import { PEERS_WATCHED, SPREAD_BLOCKS, SPREAD_LEAST, SPREAD_MEMORY, SPREAD_PROOF, SPREAD_SEGMENTS } from './defaults.js'

interface Entry {
  /** Blocks that it alone got from here. */
  given: number
  /** Those of them that others held later, and not from here. */
  passed: number
}

/** By block: who got it when nobody else had it. */
type Given = BoundedMap<number, PeerName | undefined>

/**
 * Who passes on what it gets. A seeder is given nothing by anybody, so no account tells it who does; but of a block that nobody else had,
 * it sees whether it turns up elsewhere. What it gives to free riders stays there and has to be given again.
 *
 * It is a share and no sum: who gets others to say that they hold its blocks is taken for one that passes on all, and nothing more.
 */
export class Spread {
  readonly #peers = new BoundedMap<PeerName, Entry>(PEERS_WATCHED)
  /** Of the segments given last. */
  readonly #first = new BoundedMap<string, Given>(SPREAD_SEGMENTS, (_, first) => { this.#forget(first) })
  /** Given last: a segment goes block by block, and to find it by a long key costs more than all the rest. */
  #last: { readonly swarm: SwarmId, readonly segment: number, readonly first: Given } | undefined

  /** A block goes to this peer. @param alone none of the others is known to hold it */
  gave (peer: PeerName, swarm: SwarmId, segment: number, block: number, alone: boolean): void {
    const last = this.#last
    let first = last?.segment === segment && last.swarm === swarm ? last.first : this.#first.get(`${swarm}/${segment}`)
    const again = first?.has(block) === true
    if (!again && !alone) return
    if (first === undefined) this.#first.set(`${swarm}/${segment}`, first = new BoundedMap(SPREAD_BLOCKS))
    if (first !== last?.first) this.#last = { swarm, segment, first }
    // given twice from here: whoever holds it then may have it from us
    first.set(block, again ? undefined : peer)
    if (again) return
    let entry = this.#peers.get(peer)
    if (entry === undefined) this.#peers.set(peer, entry = { given: 0, passed: 0 })
    entry.given++
    if (entry.given > SPREAD_MEMORY) {
      entry.given /= 2
      entry.passed /= 2
    }
  }

  /** A neighbour says what it holds of this segment. */
  held (peer: PeerName, swarm: SwarmId, segment: number, have: HaveMap): void {
    const first = this.#first.size === 0 ? undefined : this.#first.get(`${swarm}/${segment}`)
    if (first === undefined) return
    for (const [block, from] of first.entries()) {
      if (from === peer || !have.has(segment, block)) continue
      first.delete(block)
      const entry = from === undefined ? undefined : this.#peers.get(from)
      if (entry !== undefined) entry.passed++
    }
    if (first.size > 0) return
    this.#first.delete(`${swarm}/${segment}`)
    this.#forget(first)
  }

  /** The part of its blocks that a peer passes on, 0 to 1. Of one that is new little is expected: it costs nothing to be new again. */
  share (peer: PeerName): number {
    const { given, passed } = this.#peers.get(peer) ?? { given: 0, passed: 0 }
    if (given >= SPREAD_PROOF && passed < SPREAD_LEAST * given) return 0
    return (passed + SPREAD_PROOF * SPREAD_LEAST) / (given + SPREAD_PROOF)
  }

  #forget (first: Given): void {
    if (this.#last?.first === first) this.#last = undefined
  }
}
