import { BoundedMap, ipv6Groups } from '@shoal/base'
import type { Surroundings } from '@shoal/engine'
import { scopeOf, type Scope } from '@shoal/routing'
import { WITNESSES } from './defaults.js'

type Place = Surroundings & { readonly scope: Scope, readonly v6: boolean }

const SCOPES: readonly Scope[] = ['public', 'private', 'link-local', 'loopback']

/** What peers say of where this node's connections come from. */
interface Identified {
  readonly detail: {
    readonly peerId: { toString (): string }
    readonly observedAddr?: { toString (): string } | undefined
    readonly connection: { readonly limits?: unknown }
  }
}

export interface Witnessing {
  addEventListener (type: 'peer:identify', listener: (event: Identified) => void): void
}

/**
 * Where this node is, as most of those it is connected to see it: its own addresses tell little behind a router, and one who lies about it
 * has one voice. Words for `localityOf`, which lets no more than a few bits of them out.
 *
 * @param region as the operator says; in place of what follows from the address
 */
export function whereabouts (network: Witnessing, region: string | undefined): () => Surroundings {
  const seen = new BoundedMap<string, Place>(WITNESSES)
  network.addEventListener('peer:identify', ({ detail: { peerId, observedAddr, connection } }) => {
    // through a relay it is the relay that is seen
    const place = observedAddr === undefined || connection.limits !== undefined ? undefined : placeOf(observedAddr.toString())
    if (place !== undefined) seen.set(peerId.toString(), place)
  })
  return () => {
    const all = [...seen.entries()].map(([, place]) => place)
    // the widest view tells most: whoever sees a private address is inside as well
    const widest = SCOPES.find(scope => all.some(place => place.scope === scope))
    const views = all.filter(({ scope }) => scope === widest)
    const v4 = views.filter(({ v6 }) => !v6)
    const place = mostOften(v4.length > 0 ? v4 : views)
    return { site: place?.site, region: region ?? place?.region }
  }
}

/** What an address says of a place: `undefined` when it begins with no number of a host, and for circuits and WebRTC through them. */
export function placeOf (addr: string): Place | undefined {
  const scope = scopeOf(addr)
  const [, family, ip = ''] = /^\/(ip4|ip6)\/([^/]+)/.exec(addr) ?? []
  if (scope === undefined || family === undefined || addr.includes('/p2p-circuit')) return undefined
  if (scope === 'loopback' || scope === 'link-local') return { site: scope, region: scope, scope, v6: false }
  const parts = family === 'ip4' ? ip.split('.') : ipv6Groups(ip)
  const v6 = family === 'ip6'
  // behind one public IPv4 address, or on one subnet; a customer's IPv6 prefix
  const site = parts.slice(0, v6 ? (scope === 'public' ? 3 : 4) : (scope === 'public' ? 4 : 3))
  return { site: site.join('.'), region: scope === 'public' ? parts.slice(0, 2).join('.') : scope, scope, v6 }
}

function mostOften (places: readonly Place[]): Place | undefined {
  const count = (place: Place): number => places.filter(({ site }) => site === place.site).length
  return places.toSorted((a, b) => count(b) - count(a) || (a.site ?? '').localeCompare(b.site ?? ''))[0]
}
