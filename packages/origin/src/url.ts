import { splitSignificant } from '@shoal/base'
import { ConfigError, OriginError } from '@shoal/interface'

/** A base in its normal form. @throws ConfigError when it is no absolute http(s) URL, or has credentials */
export function normalBase (text: string, singleFile: boolean): string {
  if (!URL.canParse(text)) throw new ConfigError(`expected an absolute http(s) URL as origin, got "${text}"`)
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new ConfigError(`expected an http(s) URL as origin, got "${text}"`)
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`expected an origin without user name and password, got one at ${url.host}: pass a token in the query instead`)
  }
  url.hash = ''
  if (!singleFile && !url.pathname.endsWith('/')) url.pathname += '/'
  return url.href
}

/**
 * The URL of a path below a base in normal form.
 *
 * @param significant names of query parameters that a path may end with; they go before the base's own query
 * @throws OriginError when the path would leave the base
 */
export function urlOf (base: string, path: string, significant: readonly string[] = []): string {
  const url = new URL(base)
  if (!url.pathname.endsWith('/')) return url.href
  const { path: plain, query } = splitSignificant(path, significant)
  const parts = plain.split('/')
  if (parts.some(part => part === '' || part === '.' || part === '..')) {
    throw new OriginError(`expected a relative path without empty parts, "." and "..", got "${path}"`)
  }
  url.pathname += parts.map(part => encodeURIComponent(part.toWellFormed())).join('/')
  if (query !== '') url.search = [query, url.search.slice(1)].filter(part => part !== '').join('&')
  return url.href
}
