/**
 * What of a URL's query tells one segment from another: `?name=value&…` of the parameters in `names`, in their order and in one form of
 * escapes; '' when it has none of them. It is the end of the segment's path, and has neither a slash nor another question mark.
 *
 * @param url a URL, relative or not
 */
export function significantQuery (url: string, names: readonly string[]): string {
  const asked = new URLSearchParams((url.split('#')[0] as string).split('?').slice(1).join('?'))
  const kept = new URLSearchParams(names.flatMap(name => asked.getAll(name).map(value => [name, value])))
  const text = kept.toString()
  return text === '' ? '' : `?${text}`
}

/** Takes a path apart that `significantQuery` may have made the end of. */
export function splitSignificant (path: string, names: readonly string[]): { path: string, query: string } {
  const at = path.lastIndexOf('?')
  const query = at === -1 ? '' : path.slice(at)
  return query === '' || significantQuery(query, names) !== query ? { path, query: '' } : { path: path.slice(0, at), query }
}
