import type { Connection, ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Clock } from '@shoal/base'
import { transportOf } from '@shoal/exchange'
import { TWIN_MS } from './defaults.js'

interface Components {
  readonly peerId: PeerId
  readonly connectionGater: ConnectionGater
  readonly connectionManager: { getConnections (peer: PeerId): readonly Connection[] }
}

type Direction = Connection['direction']

/**
 * A libp2p service that leaves two peers with one connection when each dialled the other by WebRTC at the same time. The one that the lower
 * peer id opened stays. If it comes second and the other is in use already, whoever opened it gives it up instead: nothing that is under
 * way ends.
 *
 * Only the other one is ever turned away without a look at what the other end has: by its opener when the winner is there, and by the
 * winner's opener. So there is always one left, whichever of the two each end sees first. Connections that are older than a dial are let
 * be: the other end may have forgotten them. So is whatever else there is, for a server that dials back to see whether it can must not be
 * told that it could not.
 */
export function oneOfTwins (clock: Clock): (components: Components) => object {
  return ({ peerId, connectionGater: gater, connectionManager }) => {
    const self = peerId.toString()

    const twinOf = (peer: PeerId, { remoteAddr }: MultiaddrConnection, direction: Direction): Connection | undefined => {
      if (transportOf(remoteAddr.toString()) !== 'webrtc') return undefined
      return connectionManager.getConnections(peer).find(twin => twin.status === 'open' && twin.direction !== direction &&
        transportOf(twin.remoteAddr.toString()) === 'webrtc' && clock.wall() - twin.timeline.open < TWIN_MS)
    }

    gater.denyInboundUpgradedConnection = (peer, connection) => {
      return self < peer.toString() && twinOf(peer, connection, 'inbound') !== undefined
    }

    gater.denyOutboundUpgradedConnection = (peer, connection) => {
      const twin = twinOf(peer, connection, 'outbound')
      if (twin === undefined || self > peer.toString()) return twin !== undefined
      // what the other end opened on it shows that it is there at both ends
      if (twin.streams.some(({ direction }) => direction === 'inbound')) return true
      twin.abort(new Error('the peers dialled each other at the same time'))
      return false
    }
    return {}
  }
}
