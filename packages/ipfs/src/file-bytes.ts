import { decode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import { MAX_DEPTH, READ_AHEAD } from './defaults.js'
import { UnsupportedCidError, WrongBytesError } from './errors.js'
import type { GetBlock } from './get-block.js'
import { DAG_PB } from './graph.js'

interface Child { readonly cid: CID, readonly from: number, readonly size: number }

interface Asked { readonly child: Child, readonly bytes: Promise<Uint8Array> }

/**
 * Bytes of a UnixFS file from `start` to `end` (exclusive), in order; the next leaves are on their way while one is used. Not the
 * exporter's own reader: its reads ahead reject where nobody catches them, which ends the process.
 *
 * @throws WrongBytesError a node says another size than its child has, UnsupportedCidError it is no file
 */
export async function * fileBytes (
  root: CID, start: number, end: number, get: GetBlock, signal: AbortSignal, known?: Uint8Array, depth = 0
): AsyncGenerator<Uint8Array> {
  if (depth > MAX_DEPTH) throw new RangeError(`expected at most ${MAX_DEPTH} levels in the file ${root}`)
  const bytes = known ?? await get(root, signal)
  if (root.code !== DAG_PB) {
    yield bytes.subarray(Math.max(0, start), Math.max(0, end))
    return
  }
  const { own, children } = read(root, bytes)
  if (own.byteLength > start) yield own.subarray(Math.max(0, start), Math.max(0, end))
  const wanted = children.filter(({ from, size }) => from < end && from + size > start)
  const ahead: Asked[] = []
  for (let next = 0; ;) {
    for (; next < wanted.length && ahead.length < READ_AHEAD; next++) {
      const child = wanted[next] as Child
      const bytes = get(child.cid, signal)
      // whoever comes to it sees it
      bytes.catch(() => {})
      ahead.push({ child, bytes })
    }
    const first = ahead.shift()
    if (first === undefined) return
    const { child: { cid, from, size } } = first
    const block = await first.bytes
    if (cid.code !== DAG_PB && block.byteLength !== size) throw new WrongBytesError(`expected ${size} bytes in ${cid}, as ${root} says, got ${block.byteLength}`)
    yield * fileBytes(cid, start - from, Math.min(end - from, size), get, signal, block, depth + 1)
  }
}

function read (cid: CID, bytes: Uint8Array): { own: Uint8Array, children: Child[] } {
  const { Data, Links } = decode(bytes)
  const unixfs = UnixFS.unmarshal(Data ?? new Uint8Array(0))
  if (unixfs.type !== 'file' && unixfs.type !== 'raw') throw new UnsupportedCidError(`expected ${cid} to be a part of a file, it is a ${unixfs.type}`)
  if (unixfs.blockSizes.length !== Links.length) throw new WrongBytesError(`expected the sizes of ${Links.length} links in ${cid}, got ${unixfs.blockSizes.length}`)
  const own = unixfs.data ?? new Uint8Array(0)
  let at = own.byteLength
  const children = Links.map(({ Hash }, i) => {
    const child = { cid: Hash as CID, from: at, size: Number(unixfs.blockSizes[i]) }
    at += child.size
    return child
  })
  return { own, children }
}
