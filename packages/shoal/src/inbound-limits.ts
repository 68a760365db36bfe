import type { MultiaddrConnection } from '@libp2p/interface'
import type { Refused } from './refusals.js'

interface Components {
  readonly connectionManager: {
    acceptIncomingConnection (connection: MultiaddrConnection): boolean
    getConnections (): readonly unknown[]
    getMaxConnections (): number
  }
}

/** A libp2p service that tells of the connections which libp2p's own limits turn away: it says so nowhere but in its debug log. */
export function inboundLimits (refused: Refused): (components: Components) => object {
  return ({ connectionManager: manager }) => {
    const accept = manager.acceptIncomingConnection.bind(manager)
    manager.acceptIncomingConnection = connection => {
      const accepted = accept(connection)
      if (!accepted) refused(manager.getConnections().length < manager.getMaxConnections() ? 'crowded' : 'full', connection.remoteAddr)
      return accepted
    }
    return {}
  }
}
