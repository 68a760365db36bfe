export function isQuic (addr: string): boolean {
  return /\/udp\/\d+\/quic-v1(\/p2p\/[^/]+)?$/.test(addr)
}

interface Spoken {
  readonly listen: readonly string[]
  readonly bootstrap: readonly string[]
  readonly networkKey: string | undefined
}

/** Whether a node of Node.js speaks QUIC: it listens by it, or knows a bootstrap node there. In a network with a key none does. */
export function speaksQuic ({ listen, bootstrap, networkKey }: Spoken): boolean {
  return networkKey === undefined && [...listen, ...bootstrap].some(isQuic)
}
