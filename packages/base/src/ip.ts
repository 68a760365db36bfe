/** A number of a host: four groups of IPv4, eight of IPv6. */
export interface Ip {
  readonly family: 4 | 6
  readonly groups: readonly string[]
}

/** The eight groups of an IPv6 address. @param ip as `2001:db8::1` */
export function ipv6Groups (ip: string): string[] {
  const [head = '', tail] = ip.split('::')
  const groups = (half: string): string[] => half === '' ? [] : half.split(':')
  if (tail === undefined) return groups(head)
  const [before, after] = [groups(head), groups(tail)]
  return [...before, ...Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0'), ...after]
}

/**
 * Where the other end of a connection is. IPv4 that a socket of both families tells as IPv6 is IPv4.
 *
 * @param addr a multiaddr
 * @returns `undefined` of what comes through a relay, which says nothing of who it is, and where it begins with no number
 */
export function ipOf (addr: string): Ip | undefined {
  const [, family, ip = ''] = /^\/(ip4|ip6)\/([^/]+)/.exec(addr) ?? []
  if (family === undefined || addr.includes('/p2p-circuit')) return undefined
  if (family === 'ip4') return { family: 4, groups: ip.split('.') }
  const [, dotted, high = '', low = ''] = /^::ffff:(?:([\d.]+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i.exec(ip) ?? []
  if (dotted?.includes('.') === true) return { family: 4, groups: dotted.split('.') }
  if (high === '') return { family: 6, groups: ipv6Groups(ip) }
  const [first, second] = [parseInt(high, 16), parseInt(low, 16)]
  return { family: 4, groups: [first >> 8, first & 255, second >> 8, second & 255].map(String) }
}

/**
 * What costs something to have more than one of: an IPv4 address, or the 64 bits of an IPv6 address that a network is given at least.
 *
 * @param addr a multiaddr of a connection's other end
 * @returns `undefined` where `ipOf` knows nothing
 */
export function hostOf (addr: string): string | undefined {
  const ip = ipOf(addr)
  if (ip === undefined) return undefined
  const { family, groups } = ip
  if (family === 4) return groups.join('.')
  // of a link-local address the first half is everybody's
  return /^fe[89ab]/i.test(groups[0] ?? '') ? groups.join(':') : `${groups.slice(0, 4).join(':')}::/64`
}
