import type { BlockRef, VerifiedBlock } from './block.js'

/** A byte range of a file that holds blocks one after the other, for files that are seeded where they lie. */
export interface FileReference {
  /** Absolute path. */
  readonly path: string
  /** Size and modification time (ms) when it was hashed: another value withdraws the reference. */
  readonly size: number
  readonly mtimeMs: number
  /** Offset of the first block. */
  readonly offset: number
  /** Blocks that follow each other without a gap; each has a size. */
  readonly blocks: readonly BlockRef[]
}

export type StoreEvent =
  /** A block read back did not hash to its digest, or could not be read: it is gone from the store. */
  | { type: 'corrupt', digest: Uint8Array, where: string }
  /** A referenced file changed or vanished: none of its blocks is held any more. */
  | { type: 'withdrawn', path: string, blocks: readonly BlockRef[], reason: string }
  /** Blocks made room for others, expired, or were taken by the platform. */
  | { type: 'evicted', digests: readonly Uint8Array[] }
  /** The medium does not do what it should, which says nothing of the block: told once, until it works again. */
  | { type: 'failed', error: Error, doing: string }

export interface PutOptions {
  /** Seconds after which nobody needs it any more: it is the first to go then. @default what the store was told, else unlimited */
  ttl?: number | undefined
}

export interface CollectOptions {
  /** Bytes that may stay; more than that goes in the order of eviction. @default all that has not expired */
  keep?: number | undefined
}

/** What was removed: `bytes` as the quota counts them. */
export interface Collected {
  readonly blocks: number
  readonly bytes: number
}

/** Content-addressed blocks. What goes in is verified; what comes out is verified again, for disks rot. */
export interface BlockStore {
  /**
   * Opens, reads the index. Removes nothing, even if it holds more than the quota says: what is to stay can be pinned before `collect`, or
   * the next `put`, makes room.
   *
   * @throws DataInUseError when another process owns the folder, StoreError
   */
  open (): Promise<void>
  close (): Promise<void>
  /** From the index in memory. */
  has (digest: Uint8Array): boolean
  /** The block, or undefined when it is not held, turned out corrupt or cannot be read now (an event says so). */
  get (ref: BlockRef): Promise<VerifiedBlock | undefined>
  /**
   * Resolves when it is held. Of two that put the same block, the one that wants it longer has its way.
   *
   * @throws StoreFullError when the quota or the disk is full and nothing can be evicted, StoreError when the medium fails
   */
  put (block: VerifiedBlock, options?: PutOptions): Promise<void>
  delete (digest: Uint8Array): Promise<void>
  /** Pinned blocks are never evicted; pins count. */
  pin (digest: Uint8Array): void
  unpin (digest: Uint8Array): void
  /** Somebody has pinned it, held or not. */
  pinned (digest: Uint8Array): boolean
  /** The next to be evicted, unless it is pinned, or used again before. */
  demote (digest: Uint8Array): void
  /** Few others have it: when its turn to be evicted comes, it is passed over once. */
  promote (digest: Uint8Array): void
  /** Removes what has expired, and more where asked, in small steps. Nothing that is pinned, being written or being read. */
  collect (options?: CollectOptions): Promise<Collected>
  /** Bytes held and bytes allowed (`Infinity` when unlimited). References do not count. */
  readonly used: number
  readonly quota: number
  onevent: ((event: StoreEvent) => void) | undefined
}

/** A store that can also hold blocks where they lie in somebody else's files. Node.js only. */
export interface ReferenceStore extends BlockStore {
  /** The blocks were hashed from this very file just now. */
  reference (file: FileReference): void
  /** Forget a file's references; the file itself is left alone. */
  unreference (path: string): void
}
