import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import { partyOf } from '../prefix.js'
import type { Refused } from '../refusals.js'

/**
 * Bounds how many connections of one party, an address of IPv4 or a /64 of IPv6, may be without a handshake at a time, so that somebody who
 * opens sockets and stays silent does not take the places in which all others come in.
 *
 * @param limit connections
 * @param refused told of each that is turned away
 * @param gater what it asks as well
 */
export function pendingGate (
  limit: number, refused: Refused, gater: Omit<ConnectionGater, 'denyInboundConnection'> = {}
): ConnectionGater & Required<Pick<ConnectionGater, 'denyInboundConnection' | 'denyInboundEncryptedConnection'>> {
  const pending = new Map<string, Set<MultiaddrConnection>>()

  function settled (party: string, connection: MultiaddrConnection): void {
    const set = pending.get(party)
    if (set?.delete(connection) === true && set.size === 0) pending.delete(party)
  }

  return {
    ...gater,
    denyInboundConnection (connection) {
      const party = partyOf(connection.remoteAddr)
      if (party === undefined) return false
      const set = pending.get(party) ?? new Set()
      if (set.size >= limit) {
        refused('silent', connection.remoteAddr)
        return true
      }
      pending.set(party, set.add(connection))
      connection.addEventListener('close', () => { settled(party, connection) })
      return false
    },
    denyInboundEncryptedConnection (peer, connection) {
      const party = partyOf(connection.remoteAddr)
      if (party !== undefined) settled(party, connection)
      return gater.denyInboundEncryptedConnection?.(peer, connection) ?? false
    }
  }
}
