import type { ConnectionGater, PeerId } from '@libp2p/interface'
import type { Ledger } from '@shoal/ledger'

/** What libp2p is told of peers: whom to have nothing to do with, and whose gossip to prefer. */
export interface Trust {
  readonly gater: Pick<ConnectionGater, 'denyDialPeer' | 'denyInboundEncryptedConnection' | 'denyOutboundEncryptedConnection'>
  /** A part of a peer's score in gossipsub. */
  readonly appSpecificScore: (peer: string) => number
}

/** As the ledger has it. A connection is refused as soon as it is known who is at its other end. */
export function trust (ledger: Ledger): Trust {
  const banned = (peer: PeerId): boolean => ledger.accounts.banned(peer.toString())
  return {
    gater: {
      denyDialPeer: banned,
      denyInboundEncryptedConnection: banned,
      // where the address named nobody
      denyOutboundEncryptedConnection: banned
    },
    appSpecificScore (peer) {
      const score = ledger.score(peer)
      // what was earned elsewhere must not make up for misbehaving here
      return score < 0 ? score : score * EARNED_WEIGHT
    }
  }
}

/** gossipsub's own positive scores are around 10. */
const EARNED_WEIGHT = 0.1
