import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import { hostOf } from '@shoal/base'
import type { Refused } from '../refusals.js'

/**
 * Bounds how many connections of one host may be without a handshake at a time, so that somebody who opens sockets and stays silent does
 * not take the places in which all others come in.
 *
 * @param limit connections
 * @param refused told of each that is turned away
 * @param gater what it asks as well
 */
export function pendingGate (
  limit: number, refused: Refused, gater: Omit<ConnectionGater, 'denyInboundConnection'> = {}
): ConnectionGater & Required<Pick<ConnectionGater, 'denyInboundConnection' | 'denyInboundEncryptedConnection'>> {
  const pending = new Map<string, Set<MultiaddrConnection>>()

  function settled (host: string, connection: MultiaddrConnection): void {
    const set = pending.get(host)
    if (set?.delete(connection) === true && set.size === 0) pending.delete(host)
  }

  return {
    ...gater,
    denyInboundConnection (connection) {
      const host = hostOf(connection.remoteAddr.toString())
      if (host === undefined) return false
      const set = pending.get(host) ?? new Set()
      if (set.size >= limit) {
        refused('silent', connection.remoteAddr)
        return true
      }
      pending.set(host, set.add(connection))
      connection.addEventListener('close', () => { settled(host, connection) })
      return false
    },
    denyInboundEncryptedConnection (peer, connection) {
      const host = hostOf(connection.remoteAddr.toString())
      if (host !== undefined) settled(host, connection)
      return gater.denyInboundEncryptedConnection?.(peer, connection) ?? false
    }
  }
}
