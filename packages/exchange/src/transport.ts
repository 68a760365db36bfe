import type { Connection } from '@libp2p/interface'
import type { Transport } from '@shoal/interface'
import { RELAYED_CONTENT_BYTES } from './defaults.js'

/** Names the transport of a connection by the multiaddr of its other end. */
export function transportOf (addr: string): Transport {
  const relayed = addr.lastIndexOf('/p2p-circuit')
  // what stands before the circuit is the way to the relay, not to the peer
  const own = relayed === -1 ? addr : addr.slice(relayed)
  if (has(own, 'webrtc-direct')) return 'webrtc-direct'
  if (has(own, 'webrtc')) return 'webrtc'
  if (relayed !== -1) return 'relay'
  if (has(own, 'ws') || has(own, 'wss')) return 'ws'
  if (has(own, 'quic') || has(own, 'quic-v1') || has(own, 'webtransport')) return 'quic'
  return has(own, 'memory') ? 'memory' : 'tcp'
}

export function isWebRtc (transport: Transport): boolean {
  return transport === 'webrtc' || transport === 'webrtc-direct'
}

/** A relay says by its limit whether it is there for signalling alone. Without one, anything may go. */
export function isSignalling (limits: Connection['limits']): boolean {
  return limits?.bytes !== undefined && limits.bytes < BigInt(RELAYED_CONTENT_BYTES) * 9n / 10n
}

function has (addr: string, protocol: string): boolean {
  return `${addr}/`.includes(`/${protocol}/`)
}
