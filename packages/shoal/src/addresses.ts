import { peerIdFromString } from '@libp2p/peer-id'
import type { AddressBook } from '@shoal/engine'
import { hearsayAddrs, scopeOf, scopeOfPeer, usableAddrs, type Dialler, type Scope } from '@shoal/routing'
import { LINK_ADDRS } from './defaults.js'
import type { Network } from './platform.js'

/** What libp2p knows of addresses, as text. */
export function addressBook (network: Network, rules: Dialler): AddressBook {
  const connected = (peer: string): boolean => network.getConnections().some(({ remotePeer }) => remotePeer.toString() === peer)
  return {
    own: () => rankAddrs(network.getMultiaddrs().map(addr => addr.toString())),
    async of (peer, to) {
      try {
        const { addresses } = await network.peerStore.get(peerIdFromString(peer))
        const addrs = addresses.map(({ multiaddr: addr }) => withPeer(addr.toString(), peer))
        return hearsayAddrs(addrs, { scopes: new Set([scopeOfPeer(to)]), relays: new Set(relaysIn(to)) })
      } catch {
        // not in the peer store: nothing is known
        return []
      }
    },
    usable: addrs => usableAddrs(preferDirect(addrs), { from: rules }),
    heard (addrs, teller) {
      const has = (scope: Scope): boolean => network.getConnections().some(({ remoteAddr }) => scopeOfPeer(remoteAddr.toString()) === scope)
      return hearsayAddrs(addrs, {
        scopes: teller === undefined ? { has } : new Set([scopeOfPeer(teller)]),
        relays: { has: connected }
      })
    },
    connected
  }
}

/** A relayed address alone gives a connection that carries signalling only: with WebRTC through the same relay it is left out. */
function preferDirect (addrs: readonly string[]): readonly string[] {
  const direct = addrs.filter(addr => !isCircuit(addr))
  return direct.length > 0 ? direct : addrs
}

function isCircuit (addr: string): boolean {
  return /\/p2p-circuit(\/p2p\/[^/]+)?$/.test(addr)
}

function relaysIn (addr: string): string[] {
  return [...addr.matchAll(/\/p2p\/([^/]+)\/p2p-circuit/g)].map(([, relay]) => relay ?? '')
}

function withPeer (addr: string, peer: string): string {
  return addr.endsWith(`/p2p/${peer}`) ? addr : `${addr}/p2p/${peer}`
}

/** Ways to reach a node, the most telling first. Pages dial all but the first and the last, plain `ws` only those without TLS. */
const WAYS: readonly RegExp[] = [
  /\/tcp\/\d+(\/p2p\/[^/]+)?$/, /\/wss|\/tls\/(sni\/[^/]+\/)?ws/, /\/webrtc-direct/, /\/ws/, /\/webrtc/, /\/quic-v1(\/p2p\/[^/]+)?$/
]
const QUIC_WAY = WAYS.length - 1
const SCOPES: readonly (Scope | undefined)[] = ['public', 'private', 'link-local', 'loopback']

/**
 * Addresses in the order in which they are worth telling, where only a few have room: one for Node.js (tcp) and one for browsers come
 * first, then one of each other way, then the rest; among each, the address that most others can reach.
 */
export function rankAddrs (addrs: readonly string[]): string[] {
  const ranked = addrs.map(addr => {
    const direct = addr.replace(/^.*\/p2p-circuit/, '')
    // through a relay it is WebRTC, or signalling only: the last resort
    const way = isCircuit(addr) ? WAYS.length : WAYS.findIndex(pattern => pattern.test(direct))
    const scope = SCOPES.indexOf(scopeOf(addr))
    return { addr, way: way < 0 ? WAYS.length : way, scope: scope < 0 ? SCOPES.length : scope }
  }).toSorted((a, b) => a.scope - b.scope || a.way - b.way)
  const firsts = ranked.filter(({ way }, i) => way < WAYS.length && ranked.findIndex(other => other.way === way) === i)
  const tcp = firsts.find(({ way }) => way === 0)
  const browser = firsts.find(({ way }) => way > 0 && way !== QUIC_WAY)
  const pair = firsts.filter(first => first === tcp || first === browser)
  const circuits = ranked.filter(({ way }) => way === WAYS.length)
  return [...new Set([...pair, ...firsts, ...ranked.filter(({ way }) => way < WAYS.length), ...circuits])].map(({ addr }) => addr)
}

/**
 * Those that go into a link. It outlives its node's run: a certificate hash in it rots within two weeks, and a circuit leads to signalling
 * only.
 */
export function hintAddrs (addrs: readonly string[]): string[] {
  const lasting = (addr: string): number => addr.includes('/certhash/') ? 1 : 0
  return rankAddrs(addrs.filter(addr => !isCircuit(addr))).toSorted((a, b) => lasting(a) - lasting(b)).slice(0, LINK_ADDRS)
}
