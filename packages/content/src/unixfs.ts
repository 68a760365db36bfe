import type { VerifiedBlock } from '@shoal/interface'
import { createNode, encode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import { blockCount, blockLength, type Blocks } from './block-range.js'
import { dagPbCid, rawCid } from './cid.js'
import { DIGEST_BYTES } from './limits.js'
import { hashBlock, sha256 } from './verify.js'

/** Kubo's `DefaultLinksPerBlock` and the importer's `maxChildrenPerNode` of the 2015 profile (IPIP-499). */
const LINKS_PER_NODE = 174

export interface UnixFsNode {
  readonly cid: CID
  /** Bytes of the whole graph under it, its own included: the `Tsize` of a link to it. */
  readonly dagSize: number
}

interface FileNode extends UnixFsNode {
  /** Bytes of the file under it. */
  readonly fileSize: number
}

/**
 * A segment as the IPFS world names it, computed from its leaf digests alone: a `raw` block up to 256 KiB, otherwise a UnixFS file over
 * `raw` leaves as a balanced tree with 174 links to a node. With leaves of 256 KiB the same as
 * `ipfs add --cid-version=1 --raw-leaves --chunker=size-262144`.
 *
 * @param leaves digests one after the other, 32 bytes each
 * @param onnode gets the inner nodes, children first, to store or to serve them
 * @see https://specs.ipfs.tech/unixfs/
 */
export async function unixfsFile (leaves: Uint8Array, blocks: Blocks, onnode?: (node: VerifiedBlock) => void): Promise<UnixFsNode> {
  const count = blockCount(blocks)
  if (count === 0) return { cid: rawCid(await sha256(new Uint8Array(0))), dagSize: 0 }
  let level: FileNode[] = Array.from({ length: count }, (_, i) => {
    const length = blockLength(blocks, i)
    return { cid: rawCid(leaves.slice(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES)), dagSize: length, fileSize: length }
  })
  while (level.length > 1) {
    const parents: FileNode[] = []
    for (let i = 0; i < level.length; i += LINKS_PER_NODE) parents.push(await parentOf(level.slice(i, i + LINKS_PER_NODE), onnode))
    level = parents
  }
  return level[0] as FileNode
}

async function parentOf (children: readonly FileNode[], onnode: ((node: VerifiedBlock) => void) | undefined): Promise<FileNode> {
  const data = new UnixFS({ type: 'file', blockSizes: children.map(child => BigInt(child.fileSize)) }).marshal()
  const links = children.map(child => ({ Name: '', Tsize: child.dagSize, Hash: child.cid }))
  const node = await hashBlock(encode(createNode(data, links)))
  onnode?.(node)
  return {
    cid: dagPbCid(node.digest),
    dagSize: children.reduce((sum, child) => sum + child.dagSize, node.bytes.byteLength),
    fileSize: children.reduce((sum, child) => sum + child.fileSize, 0)
  }
}
