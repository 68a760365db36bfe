import type { PrivateKey } from '@libp2p/interface'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { concat } from '@shoal/base'
import { FIELDS, LENGTH_DELIMITED, signedBytes, varint } from './envelope.js'

/** Signs a payload for one domain, so that no other protocol can be made to take it for its own. */
export async function sealEnvelope (key: PrivateKey, domain: string, payloadType: Uint8Array, payload: Uint8Array): Promise<Uint8Array> {
  const signature = await key.sign(signedBytes(domain, payloadType, payload))
  return concat([publicKeyToProtobuf(key.publicKey), payloadType, payload, signature].flatMap((bytes, i) => {
    return [varint(FIELDS[i] as number << 3 | LENGTH_DELIMITED), varint(bytes.byteLength), bytes]
  }))
}
