import { BlockMismatchError, type BlockRef, type VerifiedBlock } from '@shoal/interface'
import { equalBytes, toHex } from '@shoal/base'
import { BLOCK_SIZE_BYTES } from './limits.js'

/**
 * The gate that every byte passes before it is played, stored, announced, relayed or credited. Hashes by WebCrypto, which works off the
 * calling thread in Node.js and in browsers.
 *
 * @throws BlockMismatchError when length or SHA-256 is not the reference's
 */
export async function verifyBlock (ref: BlockRef, bytes: Uint8Array): Promise<VerifiedBlock> {
  if (bytes.byteLength > BLOCK_SIZE_BYTES || bytes.byteLength === 0 || (ref.size !== undefined && bytes.byteLength !== ref.size)) {
    throw new BlockMismatchError(`expected a block of ${ref.size ?? `1 to ${BLOCK_SIZE_BYTES}`} bytes, got ${bytes.byteLength}`)
  }
  const digest = await sha256(bytes)
  if (!equalBytes(digest, ref.digest)) {
    throw new BlockMismatchError(`expected a block with SHA-256 ${toHex(ref.digest)}, got ${toHex(digest)}`)
  }
  return brand(digest, bytes)
}

/** Makes a block out of bytes of our own. @throws BlockMismatchError when they are no block: empty or over 256 KiB */
export async function hashBlock (bytes: Uint8Array): Promise<VerifiedBlock> {
  if (bytes.byteLength > BLOCK_SIZE_BYTES || bytes.byteLength === 0) {
    throw new BlockMismatchError(`expected a block of 1 to ${BLOCK_SIZE_BYTES} bytes, got ${bytes.byteLength}`)
  }
  return brand(await sha256(bytes), bytes)
}

export async function sha256 (bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}

function brand (digest: Uint8Array, bytes: Uint8Array): VerifiedBlock {
  return { digest, bytes } as Omit<VerifiedBlock, never> as VerifiedBlock
}
