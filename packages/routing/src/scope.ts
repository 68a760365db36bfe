import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { LOCAL_NAME, parse } from './addrs.js'

/** From where an address means the same machine: this one, this link, this network, everywhere. */
export type Scope = 'loopback' | 'link-local' | 'private' | 'public'

/**
 * The scope of the first host that is contacted when this address is dialled: behind a relay, the relay's. `undefined` when it is no
 * multiaddr, or begins with no host.
 */
export function scopeOf (addr: string): Scope | undefined {
  const parsed = parse(addr)
  return parsed === undefined ? undefined : scopeOfParsed(parsed)
}

/** Where the other end of a connection is: one that comes through a relay may be anywhere. */
export function scopeOfPeer (remoteAddr: string): Scope {
  return /\/(?:p2p-circuit|webrtc)(?:\/|$)/.test(remoteAddr) ? 'public' : scopeOf(remoteAddr) ?? 'public'
}

/**
 * Those of somebody's addresses that may be dialled on hearsay: public ones, those of the `scopes` in which the teller is itself, and those
 * behind `relays` that the node is connected to anyway. The others would let a stranger point this node at hosts that only it can reach.
 */
export function hearsayAddrs (
  addrs: readonly string[], { scopes, relays }: { scopes: Pick<ReadonlySet<Scope>, 'has'>, relays: Pick<ReadonlySet<string>, 'has'> }
): string[] {
  return addrs.filter(text => {
    const addr = parse(text)
    const scope = addr === undefined ? undefined : scopeOfParsed(addr)
    if (addr === undefined || scope === undefined) return false
    return scope === 'public' || scopes.has(scope) || relays.has(relayOf(addr) ?? '')
  })
}

function scopeOfParsed (addr: Multiaddr): Scope | undefined {
  const [host] = addr.getComponents()
  const value = host?.value ?? ''
  switch (host?.name) {
    case 'ip4':
    case 'ip6':
      if (/^127\.|^::1$|^::ffff:7f/i.test(value)) return 'loopback'
      if (/^169\.254\.|^fe[89ab]|^::ffff:a9fe:/i.test(value)) return 'link-local'
      return isPrivate(addr) ? 'private' : 'public'
    case 'dns':
    case 'dns4':
    case 'dns6':
    case 'dnsaddr':
      if (/^(?:.*\.)?localhost\.?$/i.test(value)) return 'loopback'
      return LOCAL_NAME.test(value) ? 'private' : 'public'
    default:
      return undefined
  }
}

/** The peer whose circuit an address goes through. */
function relayOf (addr: Multiaddr): string | undefined {
  const parts = addr.getComponents()
  const circuit = parts.findIndex(({ name }) => name === 'p2p-circuit')
  const relay = circuit < 1 ? undefined : parts[circuit - 1]
  return relay?.name === 'p2p' ? relay.value : undefined
}
