import { MAX_ORIGIN_LENGTH } from './limits.js'

/** An origin's base URL in its normal form, or `undefined` when it is none: absolute http(s), without credentials and fragment. */
export function normalOrigin (text: string): string | undefined {
  if (text.length > MAX_ORIGIN_LENGTH || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '' || url.hash !== '') return undefined
  return url.href.length > MAX_ORIGIN_LENGTH || url.href.includes('#') ? undefined : url.href
}
