import { noise } from '@libp2p/noise'
import { preSharedKey } from '@libp2p/pnet'
import type { Libp2pOptions } from 'libp2p'

/**
 * What keeps strangers out: every connection is encrypted under a key that all nodes share, below all else (libp2p's private networks). Of
 * the transports those are left that have it; TLS lies on the socket itself here, so Noise alone encrypts what is inside.
 *
 * @param key 64 hex digits
 * @see https://github.com/libp2p/specs/blob/master/pnet/Private-Networks-PSK-V1.md
 */
export function privateNetwork (key: string): Pick<Libp2pOptions, 'connectionProtector' | 'connectionEncrypters'> {
  const psk = new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${key.toLowerCase()}`)
  return { connectionProtector: preSharedKey({ psk }), connectionEncrypters: [noise()] }
}

/** Whether connections to this address can be kept to those who have the key. */
export function canBePrivate (addr: string): boolean {
  return !/\/(webrtc|webrtc-direct|quic-v1)(\/|$)/.test(addr)
}
