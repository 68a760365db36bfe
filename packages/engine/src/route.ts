import type { Route, Session, Transport } from '@shoal/interface'

export function routeOf (transport: Transport): Route {
  switch (transport) {
    case 'webrtc-direct':
    case 'webrtc':
    case 'turn':
    case 'relay': return transport
    case 'ws': return 'websocket'
    default: return 'direct'
  }
}

/** How good a session is for bytes: none at all, for want of a better one, gladly. */
export function rankOf ({ limited, transport }: Session): 0 | 1 | 2 {
  if (limited) return 0
  return transport === 'relay' ? 1 : 2
}
