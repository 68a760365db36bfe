import { OriginError } from '@shoal/interface'
import { MAX_SKIP_BYTES } from './defaults.js'

/** How the body that came relates to what was asked for. */
export interface Cut {
  /** Bytes before the asked range. */
  readonly skip: number
  /** Bytes of the asked range, `undefined` when only the body's end tells. */
  readonly length: number | undefined
  /** The body goes on behind the range: it is left there instead of taken for too long. */
  readonly more: boolean
}

/** The value of the `Range` header, `undefined` for the whole. */
export function rangeHeader (start: number, end: number | undefined): string | undefined {
  if (start === 0 && end === undefined) return undefined
  return `bytes=${start}-${end === undefined ? '' : end - 1}`
}

/**
 * Judges status and headers of a response to a request for `start` to `end` (exclusive). A browser hides `Content-Range` of another
 * origin unless the server exposes it: without the header the length of the body has to do.
 *
 * @throws OriginError when the response cannot hold the range
 */
export function cutOf (status: number, headers: Headers, start: number, end: number | undefined): Cut {
  const length = end === undefined ? undefined : end - start
  if (rangeHeader(start, end) === undefined) {
    if (status !== 200) throw new OriginError(`expected status 200, got ${status}`)
    return { skip: 0, length: undefined, more: false }
  }
  if (status === 200) {
    if (start > MAX_SKIP_BYTES) {
      throw new OriginError(`expected bytes from ${start} on, got the whole file: enable range requests at the origin`)
    }
    return { skip: start, length, more: true }
  }
  if (status !== 206) throw new OriginError(`expected status 206, got ${status}`)
  const range = headers.get('content-range')
  if (range === null) {
    if (headers.get('content-type')?.startsWith('multipart/') === true) throw new OriginError('expected one range, got a multipart body')
    return { skip: 0, length, more: false }
  }
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(?:\d{1,15}|\*)$/.exec(range)
  const last = Number(match?.[2])
  if (match === null || Number(match[1]) !== start || (end !== undefined && last !== end - 1) || last < start) {
    throw new OriginError(`expected bytes ${start} to ${end === undefined ? 'the end' : end - 1}, got "${range.slice(0, 80)}"`)
  }
  return { skip: 0, length: last - start + 1, more: false }
}

/** Cuts chunks to the range. @throws OriginError when the body is shorter or longer than it */
export async function * cut (chunks: AsyncIterable<Uint8Array>, { skip, length, more }: Cut): AsyncGenerator<Uint8Array> {
  let toSkip = skip
  let left = length
  for await (const chunk of chunks) {
    let bytes = chunk.subarray(Math.min(toSkip, chunk.byteLength))
    toSkip -= chunk.byteLength - bytes.byteLength
    if (bytes.byteLength === 0) continue
    if (left !== undefined) {
      if (bytes.byteLength > left) {
        if (!more) throw new OriginError(`expected a body of ${String(length)} bytes, got a longer one`)
        bytes = bytes.subarray(0, left)
      }
      left -= bytes.byteLength
    }
    if (bytes.byteLength > 0) yield bytes
    if (left === 0 && more) return
  }
  if (toSkip > 0 || (left !== undefined && left > 0)) {
    const got = skip - toSkip + (length ?? 0) - (left ?? 0)
    throw new OriginError(`expected a body of ${length === undefined ? `over ${skip}` : skip + length} bytes, got ${got}`)
  }
}
