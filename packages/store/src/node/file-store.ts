import type { BlockStore } from '@shoal/interface'
import { MediumStore, type MediumStoreInit } from '../medium-store.js'
import { PackMedium } from '../packs/pack-medium.js'
import { nodeIo } from './node-io.js'

/** What the index takes, 44 bytes a block, comes on top of the quota. */
export interface FileStoreInit extends MediumStoreInit {
  /** Folder of the store, created when it is not there. One process owns it at a time. */
  path: string
}

/**
 * Blocks in few files, `packs/<slot in KiB>k`, each with an index beside it: a file per block costs ten times the time. Nothing is flushed
 * to the medium; what a power failure tears is found when it is read, and removed. When the disk is full before the quota is, older blocks
 * make room.
 */
export function fileStore (init: FileStoreInit): BlockStore {
  return new MediumStore(new PackMedium(init.path, init.quota, nodeIo), init)
}
