import type { ContentStats, NodeStatus } from '@shoal/interface'
import type { OpenContent } from './content.js'
import type { Parts } from './parts.js'

/** Sums over contents that are closed. */
export class Totals {
  readonly #sums = { fromPeers: 0, fromOrigin: 0, uploaded: 0, wasted: 0 }

  add (stats: ContentStats): void {
    for (const key of Object.keys(this.#sums) as (keyof NodeStatus['total'])[]) this.#sums[key] += stats[key]
  }

  /** With those that are open. */
  with (open: readonly OpenContent[]): NodeStatus['total'] {
    const all = new Totals()
    for (const key of Object.keys(this.#sums) as (keyof NodeStatus['total'])[]) all.#sums[key] = this.#sums[key]
    for (const { stats } of open) all.add(stats)
    return all.#sums
  }
}

/** How a node stands. `started`: ms on its clock. */
export function statusOf (
  { network, store, engine, clock }: Parts, open: readonly OpenContent[], totals: Totals, started: number
): Omit<NodeStatus, 'peerId' | 'addrs'> {
  const { capacity, downRate, upRate } = engine.profile
  return {
    connections: network.getConnections().length,
    uptime: (clock.now() - started) / 1000,
    store: { used: store.used, quota: store.quota },
    contents: open.map(({ link, summary, held, duty, copies, stats }) => ({
      link, name: summary.name, bytes: summary.bytes, held, connected: stats.connected, swarmSize: stats.swarmSize, duty, copies
    })),
    peers: engine.peers,
    profile: { capacity, downRate, upRate },
    upload: engine.upload,
    total: totals.with(open)
  }
}
