import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { DIGEST_BYTES } from './limits.js'

/** Multicodecs of DAG-PB and DAG-CBOR. Named here: their libraries would come along into pages that never encode. */
export const DAG_PB_CODE = 0x70
export const DAG_CBOR_CODE = 0x71

/** CIDv1 of a leaf. */
export const rawCid = (digest: Uint8Array): CID => CID.createV1(raw.code, createDigest(sha256.code, digest))

/** CIDv1 of a UnixFS node. */
export const dagPbCid = (digest: Uint8Array): CID => CID.createV1(DAG_PB_CODE, createDigest(sha256.code, digest))

/** CIDv1 of a manifest's root or page. */
export const dagCborCid = (digest: Uint8Array): CID => CID.createV1(DAG_CBOR_CODE, createDigest(sha256.code, digest))

/** CIDv1 with SHA-256 of one of the codecs: the only kind that Shoal writes. */
export function isCidOf (cid: CID, ...codecs: readonly number[]): boolean {
  const { code, digest } = cid.multihash
  return cid.version === 1 && codecs.includes(cid.code) && code === sha256.code && digest.byteLength === DIGEST_BYTES
}

/** Reads a manifest's CID in its one text form, base32; `undefined` when it is anything else. */
export function parseManifestCid (text: string): CID | undefined {
  // all have this length and beginning; decoding base58 of unbounded length would take quadratic time
  if (text.length !== 59 || !text.startsWith('bafyrei')) return undefined
  try {
    const cid = CID.parse(text)
    return isCidOf(cid, DAG_CBOR_CODE) && cid.toString() === text ? cid : undefined
  } catch {
    return undefined
  }
}
