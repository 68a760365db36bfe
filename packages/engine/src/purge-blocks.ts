import { toHex } from '@shoal/base'
import type { Purged } from '@shoal/content'
import type { BlockRef } from '@shoal/interface'
import type { Delivery } from './delivery.js'
import type { Holdings } from './holdings.js'

/** Blocks that the store has of what is purged, and those among them that the list before did not name. */
export interface Withdrawn {
  readonly blocks: readonly BlockRef[]
  readonly fresh: readonly BlockRef[]
}

/**
 * Takes what is purged out of the have-map.
 *
 * @param before what was already
 * @param pause lets others have their turn
 */
export async function withdraw (
  { manifest, inventory }: Delivery, purged: Purged, before: Purged | undefined, holdings: Holdings, pause: () => Promise<void>
): Promise<Withdrawn> {
  const [blocks, fresh]: [BlockRef[], BlockRef[]] = [[], []]
  for await (const segment of inventory.known(pause)) {
    if (!purged.has(segment)) continue
    inventory.retire(segment.index)
    for (let block = 0; block < segment.blocks; block++) {
      const ref = manifest.block(segment.index, block)
      if (!holdings.has(ref.digest)) continue
      blocks.push(ref)
      if (before?.has(segment) !== true) fresh.push(ref)
    }
  }
  return { blocks, fresh }
}

/** The digests among these, in hex, that a content needs: of its manifest's own blocks, and of segments of which it holds anything. */
export async function * listed (
  { manifest, inventory }: Delivery, among: ReadonlySet<string>, pause: () => Promise<void>
): AsyncGenerator<string> {
  for (const { digest } of [manifest.root, ...manifest.pageRefs]) if (among.has(toHex(digest))) yield toHex(digest)
  for await (const { index, blocks } of inventory.begun(pause)) {
    for (let block = 0; block < blocks; block++) {
      const digest = toHex(manifest.block(index, block).digest)
      if (among.has(digest)) yield digest
    }
  }
}
