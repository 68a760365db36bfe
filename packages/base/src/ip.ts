/** The eight groups of an IPv6 address. @param ip as `2001:db8::1` */
export function ipv6Groups (ip: string): string[] {
  const [head = '', tail] = ip.split('::')
  const groups = (half: string): string[] => half === '' ? [] : half.split(':')
  if (tail === undefined) return groups(head)
  const [before, after] = [groups(head), groups(tail)]
  return [...before, ...Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0'), ...after]
}

/**
 * What costs something to have more than one of: an IPv4 address, or the 64 bits of an IPv6 address that a network is given at least.
 *
 * @param addr a multiaddr of a connection's other end
 * @returns `undefined` where the address says nothing of who it is: through a relay, and where it begins with no number
 */
export function hostOf (addr: string): string | undefined {
  const [, family, ip = ''] = /^\/(ip4|ip6)\/(?:::ffff:(?=\d+\.))?([^/]+)/i.exec(addr) ?? []
  if (family === undefined || addr.includes('/p2p-circuit')) return undefined
  // of a link-local address the first half is everybody's
  if (/^fe[89ab]|\./i.test(ip)) return ip
  return `${ipv6Groups(ip).slice(0, 4).join(':')}::/64`
}
