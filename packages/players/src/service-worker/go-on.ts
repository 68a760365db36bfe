import type { ByteRange } from '../core/range.js'

/**
 * The network's bytes from behind those that a page has sent. They are asked for with CORS: what the browser does not let a worker read
 * cannot be put behind bytes that it has.
 *
 * @throws TypeError there are none, or not these
 */
export async function goOn (
  { url, credentials, signal }: Request, range: ByteRange | undefined, sent: number, fetch: (request: Request) => Promise<Response>
): Promise<ReadableStream<Uint8Array>> {
  const from = (range?.start ?? 0) + sent
  const headers = { range: `bytes=${from}-${range?.end === undefined ? '' : range.end - 1}` }
  const response = await fetch(new Request(url, { mode: 'cors', credentials, headers, signal }))
  const there = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')
  // a range that ends where the file does
  if (response.status === 416) return new Blob([]).stream()
  if (response.status !== 206 || response.body === null || (there !== null && Number(there[1]) !== from)) {
    throw new TypeError(`the origin does not go on from byte ${from}: ${response.status}`)
  }
  return response.body
}
