import { isPrivate } from '@libp2p/utils'
import { BoundedMap } from '@shoal/base'
import { multiaddr, type Component, type Multiaddr } from '@multiformats/multiaddr'
import { KNOWN_ADDRS, KNOWN_CHARS } from './defaults.js'

/**
 * Who is going to dial. `browser-public`: a page from a public address; it may not touch `ws://` nor private addresses, and peers must not
 * be able to make it try. `browser-local`: a page from a loopback or private address. `node`: Node.js, which dials whatever it can;
 * `node-quic`: Node.js that has QUIC as well.
 */
export type Dialler = 'node' | 'node-quic' | 'browser-public' | 'browser-local'

const P2P = 'p2p'
const CIRCUIT = 'p2p-circuit'
const HOSTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6', 'dnsaddr'])
/** A name that means something on a local network only. */
export const LOCAL_NAME = /^[^.]*$|\.(?:localhost|local|lan|internal|home\.arpa)$/i

/**
 * The addresses that a dialler may and can use, in their order and without duplicates. What is no multiaddr is left out. For addresses
 * from announcements, peer exchange, links and DHT records alike.
 */
export function usableAddrs (addrs: readonly string[], { from }: { from: Dialler }): string[] {
  return [...new Set(addrs)].filter(text => {
    const addr = parse(text)
    return addr !== undefined && usable(addr, from)
  })
}

/**
 * The address with `/p2p/<peer>` at its end; `undefined` when it names another peer there, or is no multiaddr. One form everywhere, for
 * libp2p refuses a dial that mixes addresses with and without peer ids.
 */
export function withPeer (addr: string | Multiaddr, peer: string): string | undefined {
  const parsed = typeof addr === 'string' ? parse(addr) : addr
  const last = parsed?.getComponents().at(-1)
  if (parsed === undefined || last === undefined) return undefined
  if (last.name !== P2P) return `${parsed.toString()}/p2p/${peer}`
  return last.value === peer ? parsed.toString() : undefined
}

/** What was parsed before: in a swarm everybody tells of the same addresses again and again. */
const known = new BoundedMap<string, Multiaddr | undefined>(KNOWN_ADDRS)

export function parse (text: string): Multiaddr | undefined {
  if (known.has(text)) return known.get(text)
  const parsed = parseAnew(text)
  if (text.length <= KNOWN_CHARS) known.set(text, parsed)
  return parsed
}

function parseAnew (text: string): Multiaddr | undefined {
  try {
    // through the bytes, so that every spelling of an address becomes the same
    return multiaddr(multiaddr(text).bytes)
  } catch {
    return undefined
  }
}

function usable (addr: Multiaddr, from: Dialler): boolean {
  const parts = addr.getComponents()
  const circuit = parts.findIndex(({ name }) => name === CIRCUIT)
  if (circuit < 0) return usableDirect(addr, parts, from)
  const relay = parts.slice(0, circuit)
  const beyond = parts.slice(circuit + 1).filter(({ name }) => name !== P2P).map(({ name }) => name)
  // the relay carries signalling, so it must be dialable by itself; behind it there is WebRTC, or nothing
  return relay.at(-1)?.name === P2P && (beyond.length === 0 || (beyond.length === 1 && beyond[0] === 'webrtc')) &&
    usableDirect(multiaddr(relay), relay, from)
}

function usableDirect (addr: Multiaddr, parts: readonly Component[], from: Dialler): boolean {
  const [host, ...rest] = parts
  if (host === undefined || !HOSTS.has(host.name) || /^(?:0\.0\.0\.0|::|)$/.test(host.value ?? '')) return false
  if (from === 'browser-public' && (isPrivate(addr) || (host.name.startsWith('dns') && LOCAL_NAME.test(host.value ?? '')))) return false
  // resolved by whoever dials, and judged again then
  if (host.name === 'dnsaddr') return rest.every(({ name }) => name === P2P)
  const stack = rest.filter(({ name }) => name !== P2P).map(({ name }) => name).join('/')
  if (/^tcp\/(?:wss|tls(?:\/sni)?\/ws)(?:\/http-path)?$/.test(stack)) return true
  if (/^tcp\/ws(?:\/http-path)?$/.test(stack)) return from !== 'browser-public'
  if (/^udp\/webrtc-direct(?:\/certhash){1,2}$/.test(stack)) return true
  return (stack === 'tcp' && (from === 'node' || from === 'node-quic')) || (stack === 'udp/quic-v1' && from === 'node-quic')
}
