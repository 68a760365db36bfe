import { CarWriter } from '@ipld/car/writer'
import { type CID } from 'multiformats/cid'
import { ConfigError, ShoalError, type Content, type Segment } from '@shoal/interface'
import { equalBytes, toHex } from '@shoal/base'
import { blockLength, sha256, type OpenedManifest } from '@shoal/content'
import { WrongBytesError } from './errors.js'
import { buildGraph, linksOf, RAW, type GraphNode } from './graph.js'

/** As much of an open content as an export needs. */
interface Exported extends Pick<Content, 'read'> {
  readonly manifest: OpenedManifest
}

interface Block { readonly cid: CID, readonly bytes: Uint8Array }

/**
 * A content as a CAR file (version 1): its UnixFS graph from the root, depth first, which every IPFS node reads. What is not held here
 * comes from the content's peers and origins meanwhile.
 *
 * @param onroot gets the CID of the root before the first bytes
 * @throws ConfigError a live content, which has no root; and all that reading it throws
 * @see https://ipld.io/specs/transport/car/carv1/
 */
export async function * exportCar (content: Content, signal: AbortSignal, onroot?: (root: string) => void): AsyncGenerator<Uint8Array> {
  if (!isExported(content)) throw new ConfigError('expected a content that createShoal of this very package opened, and none that is live: it has no root')
  const nodes = new Map<string, GraphNode>()
  const segments = new Map<string, Segment>()
  const root = await buildGraph(
    content.manifest, node => { nodes.set(toHex(node.digest), node) }, segment => { segments.set(segment.cid, segment) }, signal)
  onroot?.(root.toString())
  yield * writeCar(root, walk(root))

  async function * walk (cid: CID): AsyncGenerator<Block> {
    const segment = segments.get(cid.toString())
    if (segment !== undefined) {
      const leaves = leafBytes(content, segment, signal)
      yield * file(cid, leaves)
      return
    }
    const bytes = nodes.get(toHex(cid.multihash.digest))?.bytes
    if (bytes === undefined) throw new WrongBytesError(`expected the node ${cid} in the graph of ${root}: the publisher's CIDs contradict each other`)
    yield { cid, bytes }
    for (const link of linksOf(cid, bytes)) yield * walk(link)
  }

  async function * file (cid: CID, leaves: AsyncGenerator<Uint8Array>): AsyncGenerator<Block> {
    if (cid.code === RAW) {
      const leaf = await leaves.next()
      const bytes = leaf.done === true ? new Uint8Array(0) : leaf.value
      if (!equalBytes(await sha256(bytes), cid.multihash.digest)) throw new WrongBytesError(`expected the leaf ${cid}, got other bytes`)
      yield { cid, bytes }
      return
    }
    const bytes = nodes.get(toHex(cid.multihash.digest))?.bytes
    if (bytes === undefined) throw new WrongBytesError(`expected the node ${cid} in the graph of ${root}`)
    yield { cid, bytes }
    for (const link of linksOf(cid, bytes)) yield * file(link, leaves)
  }
}

function isExported (content: Content): content is Content & Exported {
  return 'manifest' in content && content.summary.live === undefined
}

/** The bytes of a segment, leaf by leaf, however they come. */
async function * leafBytes (content: Pick<Content, 'read'>, segment: Segment, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = []
  let held = 0
  let block = 0
  for await (const chunk of segment.size === 0 ? [] : content.read(segment.path, { signal })) {
    rest.push(chunk)
    held += chunk.byteLength
    for (; block < segment.blocks && held >= blockLength(segment, block); block++) {
      const joined = rest.length === 1 ? rest[0] as Uint8Array : join(rest, held)
      const length = blockLength(segment, block)
      yield joined.subarray(0, length)
      rest = [joined.subarray(length)]
      held -= length
    }
  }
}

function join (parts: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.byteLength
  }
  return joined
}

/** Blocks as a CAR file with one root. */
export async function * writeCar (root: CID, blocks: AsyncIterable<Block>): AsyncGenerator<Uint8Array> {
  const { writer, out } = CarWriter.create([root])
  const writing = (async () => {
    try {
      for await (const block of blocks) await writer.put(block)
    } finally {
      await writer.close()
    }
  })()
  writing.catch(() => {})
  yield * out
  await writing
}

/** A CAR file that can be read at any place, as `@ipld/car` opens it: `CarIndexedReader` in Node.js, `CarReader` over bytes. */
export interface CarFile {
  getRoots (): Promise<CID[]>
  get (cid: CID): Promise<{ readonly cid: CID, readonly bytes: Uint8Array } | undefined>
}

/** The CAR file is none, or lacks a block. */
export class CarError extends ShoalError {
  override readonly name = 'CarError'
  readonly code = 'ERR_CAR'
}
