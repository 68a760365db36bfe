import type { TenantKey } from '@shoal/interface'
import { peerIdFromString } from '@libp2p/peer-id'

/** Characters of an Ed25519 key as a peer id: decoding base58 takes quadratic time. */
const CHARACTERS = 52

export function isTenantKey (value: unknown): value is TenantKey {
  if (typeof value !== 'string' || value.length !== CHARACTERS) return false
  try {
    const id = peerIdFromString(value)
    return id.type === 'Ed25519' && id.toString() === value
  } catch {
    return false
  }
}
