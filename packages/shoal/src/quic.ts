import type { Config } from './config.js'

export function isQuic (addr: string): boolean {
  return /\/udp\/\d+\/quic-v1(\/p2p\/[^/]+)?$/.test(addr)
}

/** Whether a node of Node.js speaks QUIC: it listens by it, or knows a bootstrap node there. In a network with a key none does. */
export function speaksQuic ({ listen, bootstrap, networkKey }: Pick<Config, 'listen' | 'bootstrap' | 'networkKey'>): boolean {
  return networkKey === undefined && [...listen, ...bootstrap].some(isQuic)
}
