import type { CID } from 'multiformats/cid'
import { equalBytes } from '@shoal/base'
import { sha256 } from '@shoal/content'
import { MAX_BLOCK_BYTES } from './defaults.js'
import { UnsupportedCidError, WrongBytesError } from './errors.js'

const IDENTITY = 0x00
const SHA2_256 = 0x12
const DIGEST_BYTES = 32

/** SHA-256 of no bytes: an empty file, which no store keeps. */
const NOTHING = Uint8Array.from([
  0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
  0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55
])

/** The block that a CID says by itself: it is in the CID, or there is nothing in it. */
export function inlined ({ multihash: { code, digest } }: CID): Uint8Array | undefined {
  if (code === IDENTITY) return digest
  return code === SHA2_256 && equalBytes(digest, NOTHING) ? new Uint8Array(0) : undefined
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
