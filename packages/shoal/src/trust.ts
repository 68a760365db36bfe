import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Clock } from '@shoal/base'
import type { Ledger } from '@shoal/ledger'
import type { Refused } from './refusals.js'

/** What libp2p is told of peers: whom to have nothing to do with, and whose gossip to prefer. And what it tells: whom it turned away. */
export interface Trust {
  readonly gater: Pick<ConnectionGater, 'denyDialPeer' | 'denyInboundEncryptedConnection' | 'denyOutboundEncryptedConnection'>
  /** A part of a peer's score in gossipsub. */
  readonly appSpecificScore: (peer: string) => number
  readonly refused: Refused
}

/** As the ledger has it. A connection is refused as soon as it is known who is at its other end. */
export function trust (ledger: Ledger, clock: Clock, refused: Refused): Trust {
  /** By peer, since `scoredAt`. */
  const scores = new Map<string, number>()
  let scoredAt = -Infinity
  const banned = (peer: PeerId): boolean => ledger.accounts.banned(peer.toString())
  const refuse = (peer: PeerId, { remoteAddr }: MultiaddrConnection): boolean => {
    const shutOut = banned(peer)
    if (shutOut) refused('banned', remoteAddr)
    return shutOut
  }
  return {
    gater: {
      denyDialPeer: banned,
      denyInboundEncryptedConnection: refuse,
      // where the address named nobody
      denyOutboundEncryptedConnection: refuse
    },
    appSpecificScore (peer) {
      const now = clock.now()
      if (now - scoredAt >= SCORES_MS) {
        scores.clear()
        scoredAt = now
      }
      let score = scores.get(peer)
      if (score === undefined) scores.set(peer, score = ledger.score(peer))
      // what was earned elsewhere must not make up for misbehaving here
      return score < 0 ? score : score * EARNED_WEIGHT
    },
    refused
  }
}

/** gossipsub's own positive scores are around 10. */
const EARNED_WEIGHT = 0.1
/** It asks every second, and more than once. */
const SCORES_MS = 5_000
