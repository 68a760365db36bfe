import type * as fs from 'node:fs/promises'
import { BoundedMap, equalBytes } from '@shoal/base'
import { BLOCK_SIZE_BYTES, sha256 } from '@shoal/content'
import type { BlockRef } from '@shoal/interface'
import { SINK_VERIFICATIONS } from '../defaults.js'

const ZEROS = new Uint8Array(BLOCK_SIZE_BYTES)
const ZERO_DIGESTS = 64

/** Calls `found` for every block that lies where it should in a file, several at a time. Holes of a sparse file cost no hash. */
export async function verifyFile (
  handle: fs.FileHandle, blocks: readonly BlockRef[], found: (index: number, offset: number) => void, signal?: AbortSignal
): Promise<void> {
  const zeroDigests = new BoundedMap<number, Promise<Uint8Array>>(ZERO_DIGESTS)
  const zeroDigest = (size: number): Promise<Uint8Array> => {
    const known = zeroDigests.get(size) ?? sha256(ZEROS.subarray(0, size))
    zeroDigests.set(size, known)
    return known
  }
  const isEmpty = (await handle.stat()).blocks === 0
  let index = 0
  let end = 0
  const work = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(BLOCK_SIZE_BYTES)
    while (index < blocks.length) {
      signal?.throwIfAborted()
      const here = index++
      const { digest, size } = blocks[here] as BlockRef
      if (size === undefined || size > BLOCK_SIZE_BYTES) throw new RangeError('every block of a file needs a size of at most 256 KiB')
      const offset = end
      end += size
      const bytes = buffer.subarray(0, size)
      if (!isEmpty && (await handle.read(bytes, 0, size, offset)).bytesRead !== size) continue
      const isZero = isEmpty || bytes.equals(ZEROS.subarray(0, size))
      if (equalBytes(isZero ? await zeroDigest(size) : await sha256(bytes), digest)) found(here, offset)
    }
  }
  await Promise.all(Array.from({ length: SINK_VERIFICATIONS }, work))
}
