import { InvalidLinkError, type PeerName, type SwarmId, type TenantKey } from '@shoal/interface'
import { toHex } from '@shoal/base'
import { peerIdFromString } from '@libp2p/peer-id'
import { parseManifestCid } from './cid.js'
import { MAX_ADDR_LENGTH, MAX_LINK_ADDRS, MAX_LINK_LENGTH, MAX_ORIGINS } from './limits.js'
import { normalOrigin } from './origin-url.js'
import { nameFault } from './path.js'
import { isTenantKey } from './tenant-key.js'
import { sha256 } from './verify.js'

/** Where to look first; a link works without any. */
export interface LinkHints {
  /** Multiaddrs of nodes that had the content, as text. Only their shape is checked. */
  readonly addrs: readonly string[]
  /** Base URLs of origins, http or https. */
  readonly origins: readonly string[]
  /** The tenant who keeps the content's swarm to itself: it is not found under its public id. */
  readonly tenant?: TenantKey | undefined
}

export interface ManifestLink extends LinkHints {
  readonly kind: 'manifest'
  /** CID of the manifest's root, base32. */
  readonly manifest: string
}

/** Content that changes: whatever this publisher signs under this name. */
export interface PublisherLink extends LinkHints {
  readonly kind: 'publisher'
  readonly publisher: PeerName
  readonly name: string
}

export type Link = ManifestLink | PublisherLink

const FORM = 'shoal:<manifest CID> or shoal:<publisher key>/<name>, perhaps with ?addr=<multiaddr>&origin=<URL>&tenant=<key>'

/**
 * Reads `shoal:<manifest CID>` or `shoal:<publisher key>/<name>` with hints as a query: `addr` and `origin`, each as often as wanted, and
 * `tenant` once, all parts percent-encoded. The publisher key and the tenant's are peer ids in base58btc.
 *
 * @throws InvalidLinkError and nothing else
 */
export function parseLink (text: string): Link {
  if (typeof text !== 'string' || !text.startsWith('shoal:')) throw invalid(`expected ${FORM}`, text)
  if (text.length > MAX_LINK_LENGTH) throw new InvalidLinkError(`expected a link of at most ${MAX_LINK_LENGTH} characters, got ${text.length}`)
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes('#')) {
    throw invalid('expected printable ASCII without spaces and "#" (percent-encode the rest)', text)
  }
  const [target, query, ...more] = text.slice('shoal:'.length).split('?') as [string, string | undefined, ...string[]]
  if (more.length > 0) throw invalid('expected at most one "?"', text)
  const hints = parseHints(query)
  const slash = target.indexOf('/')
  if (slash === -1) {
    if (parseManifestCid(target) === undefined) {
      throw invalid('expected a manifest CID (CIDv1, dag-cbor, sha2-256, base32: "bafyrei…") or <publisher key>/<name>', target)
    }
    return { kind: 'manifest', manifest: target, ...hints }
  }
  const publisher = target.slice(0, slash)
  const name = decode(target.slice(slash + 1))
  checkPublisher(publisher, name)
  return { kind: 'publisher', publisher, name, ...hints }
}

/**
 * Name of a content's swarm: SHA-256 of the manifest's binary CID.
 *
 * @throws InvalidLinkError when it is no manifest's CID
 */
export async function swarmIdOf (manifest: string): Promise<SwarmId> {
  const cid = parseManifestCid(manifest)
  if (cid === undefined) throw invalid('expected a manifest CID (CIDv1, dag-cbor, sha2-256, base32)', manifest)
  return toHex(await sha256(cid.bytes))
}

function parseHints (query: string | undefined): LinkHints {
  const addrs: string[] = []
  const origins: string[] = []
  let tenant: TenantKey | undefined
  if (query === undefined || query === '') return { addrs, origins }
  for (const pair of query.split('&')) {
    const [key, value, ...more] = pair.split('=') as [string, string | undefined, ...string[]]
    if (value === undefined || more.length > 0) throw invalid('expected hints as addr=<multiaddr> and origin=<URL>, percent-encoded', pair)
    const hint = decode(value)
    if (key === 'addr') addrs.push(checkAddr(hint))
    else if (key === 'origin') origins.push(checkOrigin(hint))
    else if (key === 'tenant' && tenant === undefined) tenant = checkTenant(hint)
    else throw invalid('expected the hints "addr" and "origin", and "tenant" once', key)
  }
  if (addrs.length > MAX_LINK_ADDRS) throw new InvalidLinkError(`expected at most ${MAX_LINK_ADDRS} addresses, got ${addrs.length}`)
  if (origins.length > MAX_ORIGINS) throw new InvalidLinkError(`expected at most ${MAX_ORIGINS} origins, got ${origins.length}`)
  return { addrs, origins, ...(tenant === undefined ? {} : { tenant }) }
}

function checkTenant (text: string): TenantKey {
  if (!isTenantKey(text)) throw invalid('expected a tenant\'s Ed25519 key such as 12D3Koo…', text)
  return text
}

function checkAddr (addr: string): string {
  if (addr.length > MAX_ADDR_LENGTH || !/^(\/[\x21-\x2e\x30-\x7e]+){2,}$/.test(addr)) {
    throw invalid('expected a multiaddr such as /dns4/example.com/tcp/443/wss/p2p/12D3Koo…', addr)
  }
  return addr
}

function checkOrigin (text: string): string {
  const origin = normalOrigin(text)
  if (origin === undefined) throw invalid('expected an http or https URL without credentials and fragment as origin', text)
  return origin
}

function checkPublisher (publisher: string, name: string): void {
  let canonical: string
  try {
    // decoding base58 takes quadratic time
    canonical = publisher.length > 64 ? '' : peerIdFromString(publisher).toString()
  } catch {
    canonical = ''
  }
  if (canonical !== publisher) throw invalid('expected a publisher key (a peer id: "12D3Koo…") before the "/"', publisher)
  const fault = nameFault(name)
  if (fault !== undefined) throw invalid(`expected a name after the "/"; this one ${fault}`, name)
}

function decode (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('expected valid percent-encoding', text)
  }
}

function invalid (expected: string, got: unknown): InvalidLinkError {
  const text = typeof got === 'string' ? JSON.stringify(got.length > 120 ? `${got.slice(0, 120)}…` : got) : typeof got
  return new InvalidLinkError(`${expected}, got ${text}`)
}
