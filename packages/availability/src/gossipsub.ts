import type { GossipsubOpts } from '@libp2p/gossipsub'
import { SCORE_PARAMS, SCORE_THRESHOLDS } from './scoring.js'

interface Trust {
  /** What is known of a peer from elsewhere, −100 to 10: below −10 it hears no gossip, below −80 it is not heard. @default 0 for all */
  readonly appSpecificScore?: ((peer: string) => number) | undefined
}

/**
 * Options for the gossipsub that announcements travel over, good for two peers and for many: no payloads, so all limits are tight.
 *
 * - Two peers must be able to talk, so a degree that cannot be reached is no reason to be silent.
 * - An announcement is never urgent: it goes to the mesh, not to every neighbour, and a small mesh keeps duplicates few. The same goes for
 *   gossip: an id has 44 bytes, so that three peers told of it three times cost more than the announcement.
 * - Peers behind one address are not punished for it: an office, a carrier's NAT and a machine with many tabs are honest. With the
 *   library's default, the twelfth peer behind an address is cut off from gossip.
 * - Peer exchange is the session's business, not the router's.
 */
export function gossipsubDefaults ({ appSpecificScore }: Trust = {}): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: 'StrictSign',
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    floodPublish: false,
    fallbackToFloodsub: false,
    emitSelf: false,
    doPX: false,
    D: 4,
    Dlo: 3,
    Dhi: 5,
    Dout: 1,
    Dscore: 2,
    Dlazy: 2,
    gossipFactor: 0.05,
    mcacheGossip: 1,
    maxInboundDataLength: 256 * 1024,
    maxOutboundBufferSize: 1024 * 1024,
    maxTopicBytesPerPeer: 512 * 1024,
    decodeRpcLimits: {
      maxSubscriptions: 512,
      maxMessages: 512,
      maxIhaveMessageIDs: 1024,
      maxIwantMessageIDs: 1024,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 512,
      maxPeerInfos: 0
    },
    scoreParams: { ...SCORE_PARAMS, ...appSpecificScore !== undefined && { appSpecificScore, appSpecificWeight: 1 } },
    scoreThresholds: SCORE_THRESHOLDS
  }
}
