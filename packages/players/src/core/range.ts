export interface ByteRange {
  readonly start: number
  /** Byte after the last; `undefined`: to the end. */
  readonly end: number | undefined
}

/** One range of RFC 9110 §14.2 with a beginning; `undefined` without a header, `unknown` for anything else. */
export function parseRange (header: string | null | undefined): ByteRange | 'unknown' | undefined {
  if (header === null || header === undefined || header === '') return undefined
  const match = /^bytes=(\d+)-(\d*)$/.exec(header.trim())
  if (match === null) return 'unknown'
  const start = Number(match[1])
  const end = match[2] === '' ? undefined : Number(match[2]) + 1
  return end !== undefined && end <= start ? 'unknown' : { start, end }
}
