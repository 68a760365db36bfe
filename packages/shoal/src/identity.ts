import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { Key, type Datastore } from 'interface-datastore'

const IDENTITY = new Key('/shoal/identity')

/** The node's key: the one kept, or a new Ed25519 one that is kept from now on. */
export async function identity (datastore: Datastore): Promise<PrivateKey> {
  if (await datastore.has(IDENTITY)) return privateKeyFromProtobuf(await datastore.get(IDENTITY))
  const key = await generateKeyPair('Ed25519')
  await datastore.put(IDENTITY, privateKeyToProtobuf(key))
  return key
}
