/**
 * What a relative URI in a playlist means, seen from the playlist's own: both without scheme and query, still percent-encoded. `undefined`
 * for one of another host, and for one that leads out of the folder that all are below.
 */
export function joinUri (base: string, uri: string): string | undefined {
  if (uri.startsWith('/') || /^[a-z][a-z0-9+.-]*:/i.test(uri)) return undefined
  const parts = base.split('/').slice(0, -1)
  for (const part of (uri.split(/[?#]/)[0] as string).split('/')) {
    if (part === '..' && parts.pop() === undefined) return undefined
    if (part !== '..' && part !== '.' && part !== '') parts.push(part)
  }
  return parts.join('/')
}
