/**
 * The ids of a tenant's swarms. A public id follows from the link, so whoever knows a link can look for its swarm and for who is in it. A
 * tenant that has a secret derives others from them, which tell nothing without that secret.
 *
 * @packageDocumentation
 */

import { fromHex, toHex } from '@shoal/base'
import { ConfigError, type SwarmId } from '@shoal/interface'

/** Bytes of a tenant's secret. */
const SECRET_BYTES = 32
const INFO = 'shoal swarm ids v1'

/** Derives swarm ids from public ones: HMAC-SHA-256 under a key that HKDF-SHA-256 (RFC 5869) makes of the tenant's secret. */
export type DeriveSwarmId = (publicId: SwarmId) => Promise<SwarmId>

/** @throws ConfigError when the secret is not 32 bytes in base64url */
export async function swarmIdsOf (secret: string): Promise<DeriveSwarmId> {
  const bytes = decodeSecret(secret)
  const from = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode(INFO) },
    from, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign']
  )
  return async publicId => {
    const id = fromHex(publicId)
    if (id?.byteLength !== 32) throw new ConfigError(`expected a swarm id of 64 hex digits, got ${JSON.stringify(publicId)}`)
    return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, id as Uint8Array<ArrayBuffer>)))
  }
}

function decodeSecret (secret: string): Uint8Array<ArrayBuffer> {
  const text = /^[\w-]{43}$/.test(secret) ? atob(secret.replaceAll('-', '+').replaceAll('_', '/')) : ''
  if (text.length !== SECRET_BYTES) throw new ConfigError(`expected a tenant's secret of ${SECRET_BYTES} bytes in base64url (43 characters)`)
  return Uint8Array.from(text, char => char.charCodeAt(0))
}
