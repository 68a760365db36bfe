import type { VerifiedBlock } from '@shoal/interface'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'

export function cidOf (block: VerifiedBlock): CID {
  return CID.createV1(raw.code, digest.create(sha256.code, block.digest))
}
