import { TokenError, type TenantKey } from '@shoal/interface'
import { base58btc } from 'multiformats/bases/base58'

/** An Ed25519 key as a peer id: identity multihash (2 bytes) of libp2p's protobuf (4 bytes) around the 32 bytes of the key. */
const PREFIX = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20] as const
const KEY_BYTES = 32
const CHARACTERS = 52

/** The text form of a public key. */
export function formatTenantKey (key: Uint8Array): TenantKey {
  return base58btc.encode(Uint8Array.of(...PREFIX, ...key)).slice(1)
}

/**
 * The 32 bytes of a tenant's public key.
 *
 * @throws TokenError `malformed` when the text is no Ed25519 key in the form of a peer id
 */
export function parseTenantKey (text: TenantKey): Uint8Array<ArrayBuffer> {
  const bytes = text.length === CHARACTERS ? decode(text) : undefined
  if (bytes?.byteLength !== PREFIX.length + KEY_BYTES || PREFIX.some((byte, i) => bytes[i] !== byte)) {
    throw new TokenError(`expected a tenant's Ed25519 key such as 12D3Koo…, got ${JSON.stringify(text.slice(0, 80))}`)
  }
  return Uint8Array.from(bytes.subarray(PREFIX.length))
}

function decode (text: string): Uint8Array | undefined {
  try {
    return base58btc.decode(`z${text}`)
  } catch {
    return undefined
  }
}
