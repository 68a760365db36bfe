import { BoundedMap } from '@shoal/base'
import type { ContentStats, PeerName, Route, SegmentSource, Session, SourceKind } from '@shoal/interface'

/** Where a block came from. */
export type Source = { readonly kind: 'peer', readonly peer: PeerName, readonly route: Route } | { readonly kind: 'origin' | 'store' }

/** Peers whose bytes are counted one by one; those of the least recent ones beyond it stay in the sums only. */
const PEERS_COUNTED = 1_000

/** Verified bytes of one content by where they came from and where they went. */
export class SwarmStats {
  fromPeers = 0
  fromOrigin = 0
  fromStore = 0
  uploaded = 0
  /** Duplicate and corrupt bytes from the origin; sessions count their own. */
  wasted = 0
  readonly #peers = new BoundedMap<PeerName, number>(PEERS_COUNTED)

  add (source: Source, bytes: number): void {
    if (source.kind === 'peer') {
      this.fromPeers += bytes
      this.#peers.set(source.peer, (this.#peers.get(source.peer) ?? 0) + bytes)
    } else if (source.kind === 'origin') {
      this.fromOrigin += bytes
    } else {
      this.fromStore += bytes
    }
  }

  /** @param sessions those that are open; what they wasted counts here when they are over */
  report (sessions: Iterable<Session>, connected: number, swarmSize: number): ContentStats {
    let wasted = this.wasted
    for (const { stats } of sessions) wasted += stats.wasted
    const { fromPeers, fromOrigin, fromStore, uploaded } = this
    return { fromPeers, fromOrigin, fromStore, uploaded, wasted, peers: Object.fromEntries(this.#peers.entries()), connected, swarmSize }
  }
}

/** The sources of what one reader got. */
export class SourceTally {
  readonly #bytes = new Map<string, { source: Source, bytes: number }>()

  add (source: Source, bytes: number): void {
    const key = source.kind === 'peer' ? `${source.peer} ${source.route}` : source.kind
    const known = this.#bytes.get(key)
    if (known === undefined) this.#bytes.set(key, { source, bytes })
    else known.bytes += bytes
  }

  get sources (): SegmentSource[] {
    return [...this.#bytes.values()]
      .map(({ source, bytes }) => ({ ...source, bytes }))
      .sort((a, b) => b.bytes - a.bytes)
  }

  /** The kind that gave most. */
  get largest (): SourceKind {
    const sums: Record<SourceKind, number> = { peer: 0, origin: 0, store: 0 }
    for (const { source, bytes } of this.#bytes.values()) sums[source.kind] += bytes
    return sums.peer > 0 && sums.peer >= sums.origin && sums.peer >= sums.store ? 'peer' : sums.origin > sums.store ? 'origin' : 'store'
  }
}
