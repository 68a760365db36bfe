import { contentTypeOf } from '@shoal/content/content-type'
import type { Segment } from '@shoal/interface'
import type { ByteRange } from '../core/range.js'

export interface Head {
  readonly status: 200 | 206 | 416
  readonly headers: Readonly<Record<string, string>>
  readonly start: number | undefined
  /** Byte after the last. */
  readonly end: number | undefined
}

/** Status and headers for a segment or a range of it, as an origin would give them (RFC 9110 §14, §15.3.7, §15.5.17). */
export function headOf ({ path, size, cid, playlist }: Segment, range: ByteRange | undefined): Head {
  const headers = { 'content-type': contentTypeOf(path), 'accept-ranges': 'bytes', 'etag': `"${cid}"` }
  // a newer version of a playlist, of another length, may take the place of this one while it is read
  if (playlist === true) return { status: 200, headers, start: undefined, end: undefined }
  if (range === undefined) return { status: 200, headers: { ...headers, 'content-length': String(size) }, start: undefined, end: undefined }
  if (range.start >= size) return { status: 416, headers: { 'content-range': `bytes */${size}` }, start: undefined, end: undefined }
  const { start } = range
  const end = Math.min(size, range.end ?? size)
  return { status: 206, headers: { ...headers, 'content-length': String(end - start), 'content-range': `bytes ${start}-${end - 1}/${size}` }, start, end }
}
