import { TokenError, type TenantKey, type TokenFault } from '@shoal/interface'
import { base64url, compactVerify, decodeJwt, errors, importJWK, type CryptoKey } from 'jose'
import { ALGORITHM } from './defaults.js'
import type { Claims } from './claims.js'
import { parseTenantKey } from './tenant-key.js'

/** Three parts in base64url without padding: a JWS in its compact form. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * What somebody claims that a tenant signed, not verified. Nothing is parsed of a text that is too long.
 *
 * @throws TokenError `malformed` and nothing else
 */
export function readStatement (text: string, most: number): Claims {
  if (text.length > most) throw new TokenError(`expected at most ${most} characters, got ${text.length}`)
  if (!COMPACT.test(text)) throw new TokenError('expected a JWT: three parts in base64url with dots between')
  try {
    return decodeJwt(text)
  } catch (error) {
    throw new TokenError(`expected a JWT, got something else: ${(error as Error).message}`, 'malformed', { cause: error })
  }
}

/**
 * Verifies that a statement was signed with this key by EdDSA over Ed25519, and was made to be of this type. What it claims is not looked
 * at.
 *
 * @throws TokenError `forged`, `malformed`, `unverifiable`, and nothing else
 */
export async function verifyStatement (text: string, key: CryptoKey, type: string): Promise<void> {
  let typ: unknown
  try {
    typ = (await compactVerify(text, key, { algorithms: [ALGORITHM] })).protectedHeader.typ
  } catch (error) {
    throw new TokenError(`expected a signature of the tenant: ${(error as Error).message}`, faultOf(error), { cause: error })
  }
  if (typ !== type) throw new TokenError(`expected a statement of the type ${type}, got one of another`)
}

/** @throws TokenError `malformed` the text is no key, `unverifiable` the platform has no Ed25519 */
export async function importTenantKey (tenant: TenantKey): Promise<CryptoKey> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url.encode(parseTenantKey(tenant)) }
  try {
    return await importJWK(jwk, ALGORITHM) as CryptoKey
  } catch (error) {
    throw new TokenError(`expected a platform whose WebCrypto has Ed25519: ${(error as Error).message}`, 'unverifiable', { cause: error })
  }
}

function faultOf (error: unknown): TokenFault {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'forged'
  return error instanceof errors.JOSEError ? 'malformed' : 'unverifiable'
}
