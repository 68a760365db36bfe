import { formatLink } from '@shoal/content/publishing'
import type { PeerName } from '@shoal/interface'

/** The link of a manifest, with some of the node's addresses as hints. */
export function linkOf (manifest: string, addrs: readonly string[]): string {
  return formatLink({ kind: 'manifest', manifest, addrs, origins: [] })
}

/** The same of a live content that is published here. */
export function liveLinkOf (publisher: PeerName, name: string, addrs: readonly string[]): string {
  return formatLink({ kind: 'publisher', publisher, name, addrs, origins: [] })
}
