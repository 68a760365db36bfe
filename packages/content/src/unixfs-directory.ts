import { createNode, encode, type PBLink } from '@ipld/dag-pb'
import { murmur364 } from '@multiformats/murmur3'
import { UnixFS } from 'ipfs-unixfs'
import { dagPbCid } from './cid.js'
import type { UnixFsNode } from './unixfs.js'
import { sha256 } from './verify.js'

/** Names and CIDs of a directory beyond this many bytes are spread over a tree of shards: the threshold of Kubo and of the importer. */
const SHARD_THRESHOLD_BYTES = 256 * 1024

const FANOUT = 256

/** Multicodec of murmur3-x64-64, the only hash that sharded directories use. */
const MURMUR3_X64_64 = 0x22n

/** What a node of a directory is, and what it hashes to. */
type OnNode = (node: { readonly digest: Uint8Array, readonly bytes: Uint8Array }) => void

type Tree = Map<string, UnixFsNode | Tree>

/**
 * The UnixFS directory over files, nested as their paths say; a directory whose links would not fit in a block is sharded (HAMT).
 * The same as `ipfs add --recursive` with CIDs of version 1 gives.
 *
 * @param files by path; no path may be a directory of another
 * @param onnode gets the nodes, children first, to serve them; one of a large directory may be larger than a block
 * @throws RangeError when a path is a file and a directory at once
 * @see https://specs.ipfs.tech/unixfs/
 */
export async function unixfsDirectory (
  files: Iterable<readonly [path: string, file: UnixFsNode]>, onnode: OnNode = () => {}
): Promise<UnixFsNode> {
  const root: Tree = new Map()
  for (const [path, file] of files) {
    const parts = path.split('/')
    const name = parts.pop() as string
    let directory = root
    for (const part of parts) {
      const next = directory.get(part) ?? new Map<string, UnixFsNode | Tree>()
      if (!(next instanceof Map)) throw new RangeError(`"${path}": "${part}" is a file and a directory at once`)
      directory.set(part, next)
      directory = next
    }
    if (directory.has(name)) throw new RangeError(`"${path}" is a file and a directory at once, or there twice`)
    directory.set(name, file)
  }
  return directoryNode(root, onnode)
}

async function directoryNode (tree: Tree, onnode: OnNode): Promise<UnixFsNode> {
  const links: PBLink[] = []
  for (const [name, child] of tree) {
    const { cid, dagSize } = child instanceof Map ? await directoryNode(child, onnode) : child
    links.push({ Name: name, Tsize: dagSize, Hash: cid })
  }
  const encoder = new TextEncoder()
  const estimate = links.reduce((sum, link) => sum + encoder.encode(link.Name).byteLength + link.Hash.byteLength, 0)
  if (estimate <= SHARD_THRESHOLD_BYTES) return finish(new UnixFS({ type: 'directory' }), links, onnode)
  return shardNode(await Promise.all(links.map(async link => {
    return { link, hash: await murmur364.encode(encoder.encode(link.Name)) }
  })), 0, onnode)
}

/** One level of the tree of shards takes one byte of the names' hashes. */
async function shardNode (entries: readonly { link: PBLink, hash: Uint8Array }[], depth: number, onnode: OnNode): Promise<UnixFsNode> {
  const slots: { link: PBLink, hash: Uint8Array }[][] = Array.from({ length: FANOUT }, () => [])
  for (const entry of entries) {
    const slot = slots[entry.hash[depth] ?? FANOUT]
    if (slot === undefined) throw new RangeError(`"${entry.link.Name ?? ''}" has the same 64-bit hash as another name of its directory`)
    slot.push(entry)
  }
  const links: PBLink[] = []
  let used = 0n
  for (const [slot, held] of slots.entries()) {
    const [only] = held
    if (only === undefined) continue
    used |= 1n << BigInt(slot)
    const prefix = slot.toString(16).toUpperCase().padStart(2, '0')
    if (held.length === 1) {
      links.push({ ...only.link, Name: prefix + only.link.Name })
    } else {
      const { cid, dagSize } = await shardNode(held, depth + 1, onnode)
      links.push({ Name: prefix, Tsize: dagSize, Hash: cid })
    }
  }
  const hex = used.toString(16)
  const data = Uint8Array.from((hex.length % 2 === 0 ? hex : `0${hex}`).match(/../g) ?? [], byte => Number.parseInt(byte, 16))
  return finish(new UnixFS({ type: 'hamt-sharded-directory', data, fanout: BigInt(FANOUT), hashType: MURMUR3_X64_64 }), links, onnode)
}

async function finish (data: UnixFS, links: PBLink[], onnode: OnNode): Promise<UnixFsNode> {
  const node = encode(createNode(data.marshal(), links))
  const digest = await sha256(node)
  onnode({ digest, bytes: node })
  return { cid: dagPbCid(digest), dagSize: links.reduce((sum, link) => sum + (link.Tsize ?? 0), node.byteLength) }
}
