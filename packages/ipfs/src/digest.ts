import type { CID } from 'multiformats/cid'
import { equalBytes } from '@shoal/base'
import { sha256 } from '@shoal/content'
import { MAX_BLOCK_BYTES } from './defaults.js'
import { UnsupportedCidError, WrongBytesError } from './errors.js'

const IDENTITY = 0x00
const SHA2_256 = 0x12
const DIGEST_BYTES = 32

/** The block that a CID holds in itself. */
export function inlined ({ multihash: { code, digest } }: CID): Uint8Array | undefined {
  return code === IDENTITY ? digest : undefined
}

/** SHA-256 in a CID of any version and codec. @throws UnsupportedCidError when it has another hash */
export function digestOf (cid: CID): Uint8Array {
  const { code, digest } = cid.multihash
  if (code !== SHA2_256 || digest.byteLength !== DIGEST_BYTES) {
    throw new UnsupportedCidError(`expected a CID with SHA-256, got ${cid} with the hash 0x${code.toString(16)}: Shoal verifies no other`)
  }
  return digest
}

/** @throws WrongBytesError when a block is not what its CID says, or over 2 MiB */
export async function check (cid: CID, bytes: Uint8Array, from: string): Promise<void> {
  if (bytes.byteLength > MAX_BLOCK_BYTES) throw new WrongBytesError(`expected a block of at most ${MAX_BLOCK_BYTES} bytes from ${from}, got ${bytes.byteLength}`)
  if (!equalBytes(await sha256(bytes), digestOf(cid))) throw new WrongBytesError(`expected block ${cid} from ${from}, got bytes with another hash`)
}
