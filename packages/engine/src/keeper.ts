import type { PeerName } from '@shoal/interface'
import { EXPECT_MS, KEEP_IDLE, KEEP_LEAST, NEIGHBOUR_EVERY_MS, NEIGHBOUR_SURPLUS, NEIGHBOURS_FIRST, UNSHARED_MS } from './defaults.js'
import type { Interest } from './interest.js'

/**
 * Neighbours that a swarm may have `ms` after it was opened: a few at once, the others one after the other. Each costs handshakes on both
 * sides, and in the first moments a player needs the processor for its first frame.
 */
export function targetAfter (ms: number, target: number): number {
  return Math.min(target, NEIGHBOURS_FIRST + Math.floor(ms / NEIGHBOUR_EVERY_MS))
}

/** Neighbours to look for: as many as are missing to `target` useful ones, while there are not too many in all. */
export function missing ({ circle: { direct, useful } }: Interest, target: number): number {
  return Math.min(target - useful, Math.ceil(target * NEIGHBOUR_SURPLUS) - direct.size)
}

/** It has everything, and company enough: whoever lacks something finds it, or announces itself. */
export function sated ({ circle: { direct, whole = false } }: Interest): boolean {
  return whole && direct.size >= KEEP_LEAST
}

/**
 * Whom to leave: of a full set with too few useful neighbours the one that has been useless longest, as long as there is somebody untried
 * to take its place. Who has everything leaves those who have, but for a few.
 *
 * @param useless the worst first
 */
export function toLeave (interest: Interest, target: number, useless: readonly PeerName[], now: number): PeerName | undefined {
  const { circle: { direct, useful, whole = false }, candidates, away } = interest
  if (whole && direct.size > KEEP_IDLE) return useless[0]
  if (useful >= target || direct.size < Math.max(KEEP_LEAST + 1, Math.ceil(target * NEIGHBOUR_SURPLUS))) return undefined
  for (const { peer, failures } of candidates) {
    if (failures === 0 && !direct.has(peer) && (away.get(peer) ?? 0) <= now) return useless[0]
  }
  return undefined
}

/**
 * Connections that were opened for a swarm and share none any more: contents get closed, and what others say of peers may be wrong. What
 * others opened is theirs, or libp2p's, to close: it may be a bootstrap node, or somebody who uses this one as DHT node or relay.
 */
export class Unshared {
  /** Peers to which there was no connection before it was opened here, and when a swarm was last shared with them. */
  readonly #since = new Map<PeerName, number>()

  add (peer: PeerName, now: number): void {
    this.#since.set(peer, now)
  }

  delete (peer: PeerName): void {
    this.#since.delete(peer)
  }

  /**
   * Peers to close the connection to, and when there may be more.
   *
   * @param own this node's addresses
   */
  due (interests: readonly Interest[], own: () => readonly string[], now: number): { peers: PeerName[], wake: number } {
    const peers: PeerName[] = []
    if (this.#since.size === 0) return { peers, wake: Infinity }
    const opened = interests.filter(({ since }) => now - since < EXPECT_MS)
    let addrs: readonly string[] | undefined
    let wake = Infinity
    for (const [peer, since] of this.#since) {
      if (interests.some(({ circle }) => circle.direct.has(peer))) {
        this.#since.set(peer, now)
      } else if (now - since >= UNSHARED_MS) {
        // named for a swarm that was opened just now, it is about to share that
        if (opened.some(({ candidates }) => candidates.get(peer) !== undefined)) continue
        addrs ??= own()
        // others reach this node through it
        if (addrs.some(addr => addr.includes(`/p2p/${peer}/p2p-circuit`))) continue
        this.#since.delete(peer)
        peers.push(peer)
      }
      wake = now + UNSHARED_MS
    }
    return { peers, wake }
  }
}
