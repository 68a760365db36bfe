import { decode } from '@ipld/dag-pb'
import { concat } from '@shoal/base'
import { unixfsDirectory, unixfsFile } from '@shoal/content/publishing'
import type { OpenedManifest } from '@shoal/content'
import type { BlockRef, Segment } from '@shoal/interface'
import { CID } from 'multiformats/cid'

/** A block above the leaves, computed from what the manifest says. */
export interface GraphNode { readonly digest: Uint8Array, readonly bytes: Uint8Array }

/** Codecs of the blocks that Shoal's contents are made of. */
export const RAW = 0x55
export const DAG_PB = 0x70

/** References of a segment's leaves, in order. Its pages are loaded first. */
function leavesOf (manifest: OpenedManifest, { index, blocks }: Segment): BlockRef[] {
  return Array.from({ length: blocks }, (_, block) => manifest.block(index, block))
}

/**
 * The nodes of a content's UnixFS graph, children first: what the IPFS world needs beside the leaves to read it by its root.
 *
 * @param onsegment gets each segment with its leaves as they are gone through
 */
export async function buildGraph (
  manifest: OpenedManifest,
  onnode: (node: GraphNode) => void,
  onsegment: (segment: Segment, leaves: readonly BlockRef[]) => void,
  signal?: AbortSignal
): Promise<CID> {
  const files: [path: string, file: Awaited<ReturnType<typeof unixfsFile>>][] = []
  for await (const segment of manifest.segments(signal)) {
    const leaves = leavesOf(manifest, segment)
    onsegment(segment, leaves)
    files.push([segment.path, await unixfsFile(concat(leaves.map(({ digest }) => digest)), segment, onnode)])
  }
  const root = manifest.summary.kind === 'file' ? files[0]?.[1] : await unixfsDirectory(files, onnode)
  return root?.cid ?? CID.parse(manifest.summary.root)
}

/** Links of a node in order; none of a leaf. */
export function linksOf (cid: CID, bytes: Uint8Array): CID[] {
  return cid.code === DAG_PB ? decode(bytes).Links.map(({ Hash }) => Hash as CID) : []
}
