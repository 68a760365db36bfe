import type { Transport } from '@shoal/interface'

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

function has (addr: string, protocol: string): boolean {
  return `${addr}/`.includes(`/${protocol}/`)
}
