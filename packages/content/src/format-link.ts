import { InvalidLinkError } from '@shoal/interface'
import { parseLink, type Link } from './link.js'

/**
 * Writes a link that `parseLink` reads back.
 *
 * @throws InvalidLinkError when a part of it is no part of a link
 */
export function formatLink (link: Link): string {
  const hints = [
    ...link.addrs.map(addr => `addr=${encode(addr)}`),
    ...link.origins.map(origin => `origin=${encode(origin)}`),
    ...(link.tenant === undefined ? [] : [`tenant=${link.tenant}`])
  ]
  const target = link.kind === 'manifest' ? link.manifest : `${link.publisher}/${encodeName(link.name)}`
  const text = `shoal:${target}${hints.length > 0 ? `?${hints.join('&')}` : ''}`
  parseLink(text)
  return text
}

// ':' and '/' are legal in a query and keep addresses readable
function encode (text: string): string {
  return encodeName(text).replaceAll('%2F', '/').replaceAll('%3A', ':')
}

function encodeName (text: string): string {
  if (!text.isWellFormed()) throw new InvalidLinkError(`expected valid Unicode, got ${JSON.stringify(text)}`)
  return encodeURIComponent(text)
}
