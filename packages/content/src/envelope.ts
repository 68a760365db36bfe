import type { PublicKey } from '@libp2p/interface'
import { concat, equalBytes } from '@shoal/base'
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { MAX_ENVELOPE_BYTES } from './limits.js'

/**
 * libp2p's signed envelope, byte for byte what `RecordEnvelope` of `@libp2p/peer-record` writes and reads, without its 43 KB (gzip).
 *
 * @see https://github.com/libp2p/specs/blob/master/RFC/0002-signed-envelopes.md
 */
export interface Envelope {
  readonly publicKey: PublicKey
  readonly payloadType: Uint8Array
  readonly payload: Uint8Array
}

/** Fields of the protobuf message: public key, payload type, payload, signature; all are length-delimited. */
export const FIELDS = [1, 2, 3, 5] as const
export const LENGTH_DELIMITED = 2

/**
 * Opens an envelope and verifies its signature.
 *
 * @param max bytes of it
 * @returns what was signed, or why it is not to be trusted
 */
export async function openEnvelope (bytes: Uint8Array, domain: string, max = MAX_ENVELOPE_BYTES): Promise<Envelope | string> {
  if (bytes.byteLength > max) return `expected an envelope of at most ${max} bytes, got ${bytes.byteLength}`
  const fields = decode(bytes)
  if (fields === undefined) return 'expected an envelope with key, type, payload and signature, got something else'
  const [keyBytes, payloadType, payload, signature] = fields
  let publicKey: PublicKey
  try {
    publicKey = publicKeyFromProtobuf(keyBytes)
    if (!equalBytes(publicKeyToProtobuf(publicKey), keyBytes)) return 'the key is not in its canonical encoding'
    if (!await publicKey.verify(signedBytes(domain, payloadType, payload), signature)) return 'the signature is not that of the key in the envelope'
  } catch (error) {
    return `the key or the signature cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
  return { publicKey, payloadType, payload }
}

type Fields = readonly [key: Uint8Array, type: Uint8Array, payload: Uint8Array, signature: Uint8Array]

function decode (bytes: Uint8Array): Fields | undefined {
  const fields: Uint8Array[] = []
  let at = 0
  for (const field of FIELDS) {
    if (bytes[at++] !== (field << 3 | LENGTH_DELIMITED)) return undefined
    let length = 0
    // two bytes hold any length that fits in an envelope
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      const next = bytes[at++]
      if (next === undefined || shift > 7) return undefined
      byte = next
      length |= (byte & 0x7f) << shift
    }
    if (length > bytes.byteLength - at) return undefined
    fields.push(bytes.subarray(at, at += length))
  }
  return at === bytes.byteLength ? fields as unknown as Fields : undefined
}

export function signedBytes (domain: string, payloadType: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat([new TextEncoder().encode(domain), payloadType, payload].flatMap(bytes => [varint(bytes.byteLength), bytes]))
}

export function varint (value: number): Uint8Array {
  const bytes: number[] = []
  for (; value >= 0x80; value >>>= 7) bytes.push(value & 0x7f | 0x80)
  bytes.push(value)
  return Uint8Array.from(bytes)
}
