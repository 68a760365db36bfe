/** First byte and byte after the last. */
export interface ByteRange { readonly start: number, readonly end: number }

/**
 * Reads a `Range` header for a representation of `size` bytes. `undefined`: send everything (no header, or one that the RFC says to ignore,
 * several ranges included, which a server may answer whole). `'unsatisfiable'`: 416.
 *
 * @see RFC 9110 §14
 */
export function parseRange (header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '')
  const [, first = '', last = ''] = match ?? []
  if (match === null || (first === '' && last === '')) return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}
