import type { PrivateKey } from '@libp2p/interface'
import * as dagCbor from '@ipld/dag-cbor'
import { PublishError } from '@shoal/interface'
import { CID } from 'multiformats/cid'
import { MAX_PURGE_BYTES } from './limits.js'
import { comparePaths } from './path.js'
import { decodePurge, PURGE_DOMAIN, PURGE_PAYLOAD_TYPE, PURGE_VERSION, type PurgeList } from './purge.js'
import { sealEnvelope } from './seal-envelope.js'

/**
 * Signs a purge list. Paths and CIDs may come in any order, and more than once.
 *
 * @throws PublishError what no list may hold, or more than one has room for
 */
export async function buildPurge (list: PurgeList, key: PrivateKey): Promise<Uint8Array> {
  const { content, sequence, all, reason, tag } = list
  const payload = dagCbor.encode({
    version: PURGE_VERSION,
    content: 'manifest' in content ? CID.parse(content.manifest) : content.name,
    sequence,
    all,
    paths: sorted(list.paths),
    cids: sorted(list.cids).map(cid => CID.parse(cid)),
    reason,
    ...tag === undefined ? {} : { tag }
  })
  try {
    decodePurge(payload)
  } catch (error) {
    throw new PublishError(`the purge cannot be stated: ${(error as Error).message}`, { cause: error })
  }
  const bytes = await sealEnvelope(key, PURGE_DOMAIN, PURGE_PAYLOAD_TYPE, payload)
  if (bytes.byteLength > MAX_PURGE_BYTES) {
    throw new PublishError(`expected what is purged to fit in ${MAX_PURGE_BYTES} bytes, got ${bytes.byteLength}: purge a folder, or all of the content`)
  }
  return bytes
}

function sorted (items: readonly string[]): string[] {
  return [...new Set(items)].sort(comparePaths)
}
