import { parseBlockName } from '../block-name.js'
import type { MediumListener } from '../medium-store.js'

/** What a tab tells the others of the blocks of a store: names of blocks that are there, have another expiry, or are not there any more. */
export interface BlockNews {
  readonly put?: readonly string[]
  readonly extended?: readonly string[]
  readonly removed?: readonly string[]
}

export function hearNews ({ put = [], extended = [], removed = [] }: BlockNews, listener: MediumListener): void {
  for (const name of put) {
    const block = parseBlockName(name)
    if (block !== undefined) listener.found(block.digest, block.size, block.expiry)
  }
  for (const name of extended) {
    const block = parseBlockName(name)
    if (block !== undefined) listener.extended(block.digest, block.expiry)
  }
  for (const name of removed) {
    const block = parseBlockName(name)
    if (block !== undefined) listener.gone(block.digest)
  }
}
