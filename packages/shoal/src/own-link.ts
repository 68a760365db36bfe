import { formatLink } from '@shoal/content/publishing'

/** The link of a manifest, with some of the node's addresses as hints. */
export function linkOf (manifest: string, addrs: readonly string[]): string {
  return formatLink({ kind: 'manifest', manifest, addrs, origins: [] })
}
