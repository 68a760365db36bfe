import type { BlockStore } from '@shoal/interface'
import { MediumStore, type MediumStoreInit } from '../src/medium-store.js'
import { PackMedium } from '../src/packs/pack-medium.js'
import type { FileIo } from '../src/packs/io.js'
import { opfsIo } from './opfs-io.js'

export interface OpfsStoreInit extends MediumStoreInit {
  /** Of its folder in the origin-private file system. */
  name: string
}

let io: FileIo | undefined

/** The packs of the file store in the origin-private file system: a contender for the default of pages. One page at a time can have it. */
export function opfsStore (init: OpfsStoreInit): BlockStore {
  io ??= opfsIo()
  return new MediumStore(new PackMedium(init.name, init.quota, io), init)
}
