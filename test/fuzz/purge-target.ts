/** The decoder of purge lists. */

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { RecordEnvelope } from '@libp2p/peer-record'
import { openPurge, Purged } from '@shoal/content'
import { buildPurge } from '@shoal/content/publishing'
import { ManifestError } from '@shoal/interface'
import { decodePurge } from '../../packages/content/dist/src/purge.js'
import { mutateCbor } from './mutate-cbor.ts'
import { mutateBytes, pick } from './mutate.ts'
import type { Target } from './target.ts'

const CID = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
const SEGMENT = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

/** Lists as they are signed, which anybody can do; and what is signed by nobody. */
export async function purgeTarget (): Promise<Target> {
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(1))
  const list = { sequence: 1, reason: 'why', tag: undefined, all: false, paths: [], cids: [] }
  const signed = [
    await buildPurge({ ...list, content: { manifest: CID }, paths: ['a/', 'b/1.ts'], tag: 'old' }, key),
    await buildPurge({ ...list, content: { manifest: CID }, all: true }, key),
    await buildPurge({ ...list, content: { name: 'show' }, cids: [SEGMENT] }, key)
  ]
  const payloads = await Promise.all(signed.map(async bytes => (await RecordEnvelope.openAndCertify(bytes, 'shoal-purge')).payload))
  return {
    name: 'purge',
    error: ManifestError,
    make (random) {
      if (random() < 0.1) {
        const bytes = mutateBytes(pick(signed, random), signed, random)
        return async () => { await openPurge(bytes) }
      }
      const bytes = mutateCbor(pick(payloads, random), payloads, random)
      return () => { new Purged(decodePurge(bytes)).has({ path: 'a/b', cid: SEGMENT }) }
    }
  }
}
