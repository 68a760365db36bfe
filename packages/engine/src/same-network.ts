/** Private, link-local and unique local addresses (RFC 1918, 3927, 4193, 4291), and this machine's own. */
const LOCAL = /^\/ip4\/(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)|^\/ip6\/(::1\/|f[cd]|fe[89ab])|^\/memory\//i

/** The other end of a connection is in this node's own network. @param addr of the connection, not what a peer says of itself */
export function inSameNetwork (addr: string): boolean {
  return LOCAL.test(addr) && !addr.includes('/p2p-circuit')
}
