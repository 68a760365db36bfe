import { formatLink } from '@shoal/content/publishing'
import type { PeerName, Policy, TenantKey } from '@shoal/interface'
import type { Config } from './config.js'

/** The link of a manifest, with some of the node's addresses as hints. */
export function linkOf (manifest: string, addrs: readonly string[], tenant?: TenantKey): string {
  return formatLink({ kind: 'manifest', manifest, addrs, origins: [], tenant })
}

/** The same of a live content that is published here. */
export function liveLinkOf (publisher: PeerName, name: string, addrs: readonly string[], tenant?: TenantKey): string {
  return formatLink({ kind: 'publisher', publisher, name, addrs, origins: [], tenant })
}

/** The tenant who keeps a content that is published here to itself: the one that its policy names, when this node has its secret. */
export function hiderOf ({ token }: Policy, { tenants }: Pick<Config, 'tenants'>): TenantKey | undefined {
  return typeof token === 'string' && Object.hasOwn(tenants, token) ? token : undefined
}
