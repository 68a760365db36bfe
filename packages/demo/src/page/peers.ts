import type { PeerStatus } from '@shoal/interface'
import type { PeerReport } from '../reports.js'

/**
 * One line per peer. Two peers may have several sessions, the one over a relay that introduced them among them; the transport is that of
 * the session that brought the most.
 */
export function byPeer (sessions: readonly PeerStatus[]): PeerReport[] {
  const peers = new Map<string, { transport: string, received: number, most: number }>()
  for (const { peer, transport, stats: { received } } of sessions) {
    const known = peers.get(peer)
    if (known === undefined) {
      peers.set(peer, { transport, received, most: received })
      continue
    }
    known.received += received
    if (received > known.most) Object.assign(known, { transport, most: received })
  }
  return [...peers].map(([peer, { transport, received }]) => ({ peer, transport, received }))
}
