import { PublishError, type BlockRef, type VerifiedBlock } from '@shoal/interface'
import { blockLength } from './block-range.js'
import type { Cutting } from './cutting.js'
import { concat } from '@shoal/base'
import { offsetsOf } from './leaf-lengths.js'
import { leafDigests, type Hasher } from './leaf-digests.js'
import { FIXED, leavesOf, type LeafOptions } from './leaves.js'
import { BLOCK_SIZE_BYTES, DIGEST_BYTES, MAX_SEGMENT_BLOCKS } from './limits.js'
import { pathFault } from './path.js'
import { unixfsFile, type UnixFsNode } from './unixfs.js'

/** Something to publish: a file on disk, an entry of a map, anything with a size and bytes. */
export interface FileEntry {
  /** Relative, `/`-separated. */
  readonly path: string
  /** Bytes that `stream` is to give; any other number fails, for then the file changed meanwhile. */
  readonly size: number
  /** Where leaves end. @default every 256 KiB */
  readonly cutting?: Cutting | undefined
  /** Hashes on the calling thread, where that is quicker; used for what is not kept. @default WebCrypto */
  readonly hasher?: (() => Hasher) | undefined
  /**
   * Opens it. Large chunks that are multiples of 256 KiB save a copy.
   *
   * @param lent chunks may be written over when the next is asked for
   */
  stream (signal?: AbortSignal, lent?: boolean): AsyncIterable<Uint8Array>
}

/** A file cut into blocks: what a manifest says of it. */
export interface SegmentedFile extends UnixFsNode {
  readonly path: string
  readonly size: number
  /** SHA-256 of the blocks one after the other, 32 bytes each. */
  readonly leaves: Uint8Array
  /** Where the blocks begin, and the last ends; `undefined` when they are of 256 KiB but for the last. */
  readonly offsets?: Float64Array | undefined
}

export interface SegmentFilesOptions {
  signal?: AbortSignal | undefined
  /** Gets each block of each file in order, to keep a copy of it; awaited, so a slow store slows the reading. */
  onblock?: ((block: VerifiedBlock, path: string) => void | Promise<void>) | undefined
  /** Bytes hashed so far, of all. */
  onprogress?: ((done: number, total: number) => void) | undefined
}

/**
 * Cuts files into blocks and hashes them, one file after the other in the order given; memory is bounded by a few blocks and the digests.
 *
 * @throws PublishError a path that no manifest may hold, a file that is too large, cannot be read, or does not have the size it said
 */
export async function * segmentFiles (entries: readonly FileEntry[], options: SegmentFilesOptions = {}): AsyncGenerator<SegmentedFile> {
  const { signal, onblock, onprogress } = options
  for (const { path, size } of entries) {
    const fault = pathFault(path)
    if (fault !== undefined) throw new PublishError(`cannot publish ${JSON.stringify(path)}: its path ${fault}`)
    if (!Number.isSafeInteger(size) || size < 0 || size > MAX_SEGMENT_BLOCKS * BLOCK_SIZE_BYTES) {
      throw new PublishError(`cannot publish ${JSON.stringify(path)}: expected 0 to ${MAX_SEGMENT_BLOCKS} blocks of 256 KiB, got ${size} bytes`)
    }
  }
  const total = entries.reduce((sum, entry) => sum + entry.size, 0)
  let done = 0
  for (const entry of entries) {
    const { path, size } = entry
    const digests: Uint8Array[] = []
    const lengths: number[] = []
    let bytes = 0
    const changed = (got: string): PublishError =>
      new PublishError(`${JSON.stringify(path)} changed while it was read: expected ${size} bytes, got ${got}; publish it again`)
    for await (const leaves of leavesIn(entry, { signal, onblock: onblock && (async block => { await onblock(block, path) }) })) {
      for (const leaf of leaves) {
        bytes += leaf.size as number
        digests.push(leaf.digest)
        lengths.push(leaf.size as number)
        done += leaf.size as number
      }
      if (bytes > size) throw changed('more')
      onprogress?.(done, total)
    }
    if (bytes < size) throw changed(String(bytes))
    if (digests.length > MAX_SEGMENT_BLOCKS) {
      throw new PublishError(`cannot publish ${JSON.stringify(path)}: expected at most ${MAX_SEGMENT_BLOCKS} blocks, got ${digests.length}`)
    }
    const leaves = concat(digests)
    const offsets = offsetsOf(lengths)
    const { cid, dagSize } = await unixfsFile(leaves, { size, offsets })
    yield { path, size, leaves, offsets, cid, dagSize }
  }
}

/** The blocks of a segmented file in order, as stores and references take them. */
export function blockRefs (file: Pick<SegmentedFile, 'size' | 'leaves' | 'offsets'>): BlockRef[] {
  return Array.from({ length: file.leaves.byteLength / DIGEST_BYTES }, (_, i) => {
    return { digest: file.leaves.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES), size: blockLength(file, i) }
  })
}

/** The leaves of a file in order, some at a time. */
async function * leavesIn (entry: FileEntry, { signal, onblock }: Pick<LeafOptions, 'signal' | 'onblock'>): AsyncGenerator<BlockRef[]> {
  const { cutting = FIXED, hasher } = entry
  if (hasher !== undefined && onblock === undefined) {
    yield * leafDigests(readEntry(entry, signal, true), cutting, hasher, signal)
    return
  }
  for await (const leaf of leavesOf(readEntry(entry, signal, false), { cutting, signal, onblock })) yield [leaf]
}

async function * readEntry (entry: FileEntry, signal: AbortSignal | undefined, lent: boolean): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  try {
    yield * entry.stream(signal, lent)
  } catch (error) {
    signal?.throwIfAborted()
    throw new PublishError(`${JSON.stringify(entry.path)} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
