import { concat, type Clock } from '@shoal/base'
import type { Content, Segment, Shoal } from '@shoal/interface'
import { VOUCHED_BLOCKS_MAX, type ContentInfo, type Snapshot, type Vouched } from './protocol.js'
import type { OpenContent } from '../../content.js'

/** A content as a node of this package gives it, or another that says less. */
export type ServedContent = Content & Partial<Pick<OpenContent, 'origins' | 'movedAt' | 'manifest'>>

/** A content as its other tab sees it. */
export function infoOf (content: ServedContent, clock: Clock): ContentInfo {
  const { link, summary, policy, stats, origins = [], movedAt } = content
  return { link, summary, policy, stats, origins, movedAgo: movedAt === undefined ? 0 : clock.now() - movedAt }
}

export function snapshotOf (node: Shoal, contents: ReadonlyMap<number, ServedContent>, clock: Clock): Snapshot {
  const { peerId, addrs, status } = node
  return { peerId, addrs, status, contents: Object.fromEntries([...contents].map(([id, content]) => [id, infoOf(content, clock)])) }
}

/** A segment that has been looked up, so its page of the manifest is there. */
export function vouch ({ manifest }: ServedContent, segment: Segment): Vouched {
  const { index, blocks, playlist } = segment
  // of a playlist there may be a newer one by the time that somebody asks
  if (manifest === undefined || playlist === true || blocks > VOUCHED_BLOCKS_MAX) return { segment, digests: undefined }
  return { segment, digests: concat(Array.from({ length: blocks }, (_, block) => manifest.block(index, block).digest)) }
}
