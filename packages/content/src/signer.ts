import type { PublicKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { ManifestError, type PeerName } from '@shoal/interface'

/** Who has this key. @throws ManifestError a key of a type that peers do not have */
export function signerOf (key: PublicKey): PeerName {
  try {
    return peerIdFromPublicKey(key).toString()
  } catch (error) {
    throw new ManifestError(`expected a publisher with an Ed25519, secp256k1 or RSA key, got ${key.type}`, { cause: error })
  }
}
