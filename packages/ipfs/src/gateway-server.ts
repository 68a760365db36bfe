import { CID } from 'multiformats/cid'
import { NotFoundError } from '@shoal/interface'
import { writeCar } from './car.js'
import { bytesOf, isFile, look } from './files.js'
import type { GetBlock } from './get-block.js'
import { linksOf } from './graph.js'

const RAW_TYPE = 'application/vnd.ipld.raw'
const CAR_TYPE = 'application/vnd.ipld.car'
/** What is named by its hash never changes. */
const FOR_EVER = 'public, max-age=29030400, immutable'

/**
 * Answers a request for `/ipfs/<CID>[/<path>]` as a trustless gateway: blocks (`?format=raw`) and CAR files (`?format=car`, with
 * `dag-scope` and `entity-bytes`), which whoever gets them verifies. Bytes that cannot be verified are not given out: other formats are
 * answered with 406.
 *
 * @param get blocks that may be given; NotFoundError for others
 * @see https://specs.ipfs.tech/http-gateways/trustless-gateway/
 */
export async function answer (request: Request, get: GetBlock): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'expected GET or HEAD', { allow: 'GET, HEAD' })
  const url = new URL(request.url)
  const found = /^\/ipfs\/([^/]+)(\/.*)?$/.exec(url.pathname)
  if (found === null) return text(404, 'expected /ipfs/<CID>')
  let root: CID
  let path: string
  try {
    root = CID.parse(found[1] as string)
    path = decodeURIComponent(found[2] ?? '')
  } catch {
    return text(400, `expected a CID, got ${JSON.stringify(found[1])}`)
  }
  const accept = request.headers.get('accept') ?? ''
  const format = url.searchParams.get('format') ?? (accept.includes(CAR_TYPE) ? 'car' : accept.includes(RAW_TYPE) ? 'raw' : '')
  try {
    if (format === 'raw') return await block(request, root, path, get)
    if (format === 'car') return await car(request, url.searchParams, root, path, get)
  } catch (error) {
    if (error instanceof NotFoundError) return text(404, error.message)
    if (error instanceof RangeError) return text(400, error.message)
    throw error
  }
  return text(406, 'expected ?format=raw or ?format=car: this gateway gives only what can be verified')
}

async function block (request: Request, root: CID, path: string, get: GetBlock): Promise<Response> {
  if (path.replaceAll('/', '') !== '') return text(400, 'expected no path with format=raw: ask for a CAR, or for the block by its CID')
  const tag = `"${root}.raw"`
  const headers = { 'content-type': RAW_TYPE, 'cache-control': FOR_EVER, 'x-content-type-options': 'nosniff', 'x-ipfs-path': `/ipfs/${root}`, 'etag': tag,
    'content-disposition': `attachment; filename="${root}.bin"` }
  const bytes = await get(root, request.signal)
  if (request.headers.get('if-none-match') === tag) return new Response(null, { status: 304, headers })
  return new Response(request.method === 'HEAD' ? null : bytes as Uint8Array<ArrayBuffer>, { headers: { ...headers, 'content-length': String(bytes.byteLength) } })
}

interface Scope { readonly kind: 'block' | 'entity' | 'all', readonly from: number, readonly to: number | undefined }

function scopeOf (query: URLSearchParams): Scope {
  const kind = query.get('dag-scope') ?? 'all'
  const bytes = query.get('entity-bytes')
  if (kind !== 'block' && kind !== 'entity' && kind !== 'all') throw new RangeError(`expected dag-scope block, entity or all, got ${JSON.stringify(kind)}`)
  if (bytes === null) return { kind, from: 0, to: undefined }
  const range = /^(-?\d{1,15}):(\*|-?\d{1,15})$/.exec(bytes)
  if (range === null) throw new RangeError(`expected entity-bytes as from:to, got ${JSON.stringify(bytes)}`)
  return { kind: 'entity', from: Number(range[1]), to: range[2] === '*' ? undefined : Number(range[2]) }
}

async function car (request: Request, query: URLSearchParams, root: CID, path: string, get: GetBlock): Promise<Response> {
  const scope = scopeOf(query)
  const signal = request.signal
  const headers = { 'content-type': `${CAR_TYPE}; version=1; order=dfs; dups=n`, 'cache-control': FOR_EVER, 'x-content-type-options': 'nosniff',
    'x-ipfs-path': `/ipfs/${root}${path}`, 'content-disposition': `attachment; filename="${root}.car"` }
  // what is missing at the start is said by the status
  await get(root, signal)
  if (request.method === 'HEAD') return new Response(null, { headers })
  const each = writeCar(root, blocks(root, path, scope, get, signal))
  const body = new ReadableStream<Uint8Array>({
    async pull (controller) {
      try {
        const next = await each.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      } catch (error) {
        controller.error(error)
      }
    },
    async cancel () { await each.return(undefined) }
  })
  return new Response(body, { headers })
}

/** The blocks on the way to the path, then those that the scope asks for, each once. */
async function * blocks (
  root: CID, path: string, scope: Scope, get: GetBlock, signal: AbortSignal
): AsyncGenerator<{ cid: CID, bytes: Uint8Array }> {
  const sent = new Set<string>()
  const queue: { cid: CID, bytes: Uint8Array }[] = []
  const note: GetBlock = async (cid, signal) => {
    const bytes = await get(cid, signal)
    if (!sent.has(cid.toString())) {
      sent.add(cid.toString())
      queue.push({ cid, bytes })
    }
    return bytes
  }
  const entry = await look(root, path, note, signal)
  yield * queue.splice(0)
  if (scope.kind === 'all') {
    yield * graph(entry.cid)
  } else if (scope.kind === 'entity' && isFile(entry)) {
    const size = Number(entry.size)
    const [from, to] = [fromEnd(scope.from, size), scope.to === undefined ? size - 1 : fromEnd(scope.to, size)]
    // reading the range touches the blocks that it lies in, and those above them
    for await (const _ of bytesOf(entry, note, signal, { start: from, end: to + 1 })) yield * queue.splice(0)
    yield * queue.splice(0)
  } else if (scope.kind === 'entity' && entry.type === 'directory') {
    for await (const _ of entry.entries({ signal })) yield * queue.splice(0)
    yield * queue.splice(0)
  }

  async function * graph (cid: CID): AsyncGenerator<{ cid: CID, bytes: Uint8Array }> {
    const bytes = await note(cid, signal)
    yield * queue.splice(0)
    for (const link of linksOf(cid, bytes)) if (!sent.has(link.toString())) yield * graph(link)
  }
}

function fromEnd (at: number, size: number): number {
  return at < 0 ? Math.max(0, size + at) : at
}

function text (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${message}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers } })
}
