import type { Multiaddr } from '@multiformats/multiaddr'
import { ipOf } from '@shoal/base'

/** The network that an address is in: /24 of IPv4, /48 of IPv6; `relay` of what comes through one, for that says nothing of who it is. */
export function prefixOf (addr: Multiaddr): string {
  const text = addr.toString()
  if (text.includes('/p2p-circuit')) return 'relay'
  const ip = ipOf(text)
  if (ip === undefined) return 'unknown'
  const network = ip.groups.slice(0, 3)
  return ip.family === 4 ? `${network.join('.')}.0/24` : `${network.join(':')}::/48`
}
