import type { Multiaddr } from '@multiformats/multiaddr'

/** `relayed`: an address through a relay says nothing of who it is. */
type Host = 'relayed' | 'unknown' | { readonly family: 4 | 6, readonly groups: readonly string[] }

/** The network that an address is in: /24 of IPv4, /48 of IPv6; `relay` of what comes through one. */
export function prefixOf (addr: Multiaddr): string {
  const host = hostOf(addr)
  if (host === 'relayed') return 'relay'
  if (host === 'unknown') return 'unknown'
  const network = host.groups.slice(0, 3)
  return host.family === 4 ? `${network.join('.')}.0/24` : `${network.join(':')}::/48`
}

/**
 * What one party surely has for itself alone: an address of IPv4, a /64 of IPv6, of which every machine may use all. `undefined` of what
 * comes through a relay.
 */
export function partyOf (addr: Multiaddr): string | undefined {
  const host = hostOf(addr)
  if (typeof host === 'string') return undefined
  return host.family === 4 ? host.groups.join('.') : `${host.groups.slice(0, 4).join(':')}::/64`
}

function hostOf (addr: Multiaddr): Host {
  const components = addr.getComponents()
  if (components.some(({ name }) => name === 'p2p-circuit')) return 'relayed'
  const host = components.find(({ name }) => name === 'ip4' || name === 'ip6')
  if (host?.value === undefined) return 'unknown'
  if (host.name === 'ip4') return { family: 4, groups: host.value.split('.') }
  // IPv4 as a socket of both families tells it
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(host.value)
  if (mapped !== null) {
    const [high, low] = [parseInt(mapped[1] as string, 16), parseInt(mapped[2] as string, 16)]
    return { family: 4, groups: [high >> 8, high & 255, low >> 8, low & 255].map(String) }
  }
  const [before = [], after = []] = host.value.split('::').map(part => part.split(':').filter(group => group !== ''))
  const missing = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  return { family: 6, groups: [...before, ...missing, ...after] }
}
