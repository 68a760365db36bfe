/**
 * The tenant's side, for backends and the command line: keys, tokens, and lists of what is taken back. Nothing here is loaded by those who
 * only show or judge tokens.
 *
 * ```ts
 * const tenant = await createTenant()                         // keep it secret; `tenant.tenant` is the public key
 * const token = await issueToken(tenant, { peer: '12D3Koo…', seconds: 3600, contents: ['shoal:bafy…'] })
 * ```
 *
 * @packageDocumentation
 */

import { systemClock } from '@shoal/base'
import { parseLink, swarmIdOf } from '@shoal/content'
import { liveSwarmIdOf } from '@shoal/content/live'
import { ConfigError, TokenError, type PeerName, type Role, type SwarmId, type TenantKey } from '@shoal/interface'
import { base64url, exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose'
import { readGrant, readRevocations } from './claims.js'
import { ALGORITHM, MAX_REVOCATIONS_CHARACTERS, MAX_TOKEN_CHARACTERS, REVOCATIONS_TYPE, TOKEN_TYPE } from './defaults.js'
import { swarmIdsOf } from './swarm-ids.js'
import { formatTenantKey, parseTenantKey } from './tenant-key.js'

/** A tenant's private key and secret: an Ed25519 key as a JSON Web Key (RFC 8037), with what else belongs to it. Keep it secret. */
export interface TenantKeys {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  /** Public and private half, 32 bytes each in base64url. */
  readonly x: string
  readonly d: string
  /** The public key as manifests name it. */
  readonly tenant: TenantKey
  /** 32 bytes in base64url, from which the ids of the tenant's swarms are derived; without one they are public. */
  readonly secret?: string | undefined
}

export interface TokenOptions {
  /** The only peer that may show it. */
  readonly peer: PeerName
  /** How long it counts from now on. */
  readonly seconds: number
  /** @default 'viewer' */
  readonly role?: Role | undefined
  /** Links of contents, 64 at most; about 20 where their swarm ids are derived. @default every content of the tenant */
  readonly contents?: readonly string[] | undefined
  /** Segments whose path begins with one of these alone. @default all */
  readonly paths?: readonly string[] | undefined
  /** Where the peer is, for contents that may be held in some regions only. */
  readonly region?: string | undefined
  /** ms since 1970. @default now */
  readonly from?: number | undefined
}

export interface RevocationOptions {
  /** Above that of every list before. */
  readonly sequence: number
  /** Ids of tokens, as `jti` names them. @default [] */
  readonly tokens?: readonly string[] | undefined
  /** Peers, whatever they show. @default [] */
  readonly peers?: readonly PeerName[] | undefined
}

/** A new tenant. @param hidden with a secret, so that its swarms have ids that nobody else can derive */
export async function createTenant ({ hidden = false }: { hidden?: boolean | undefined } = {}): Promise<TenantKeys> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true })
  const { x = '', d = '' } = await exportJWK(privateKey)
  const keys = { kty: 'OKP', crv: 'Ed25519', x, d, tenant: formatTenantKey(base64url.decode(x)) } as const
  return hidden ? { ...keys, secret: base64url.encode(crypto.getRandomValues(new Uint8Array(32))) } : keys
}

/**
 * Reads what `createTenant` made, from a file or a secret store.
 *
 * @throws ConfigError when it is something else
 */
export function parseTenant (json: string): TenantKeys {
  let keys: Partial<TenantKeys> | null
  try {
    keys = JSON.parse(json) as Partial<TenantKeys> | null
  } catch (error) {
    throw new ConfigError(`expected a tenant's keys as JSON: ${(error as Error).message}`, { cause: error })
  }
  const texts = [keys?.x, keys?.d, keys?.tenant]
  if (keys?.crv !== 'Ed25519' || texts.some(text => typeof text !== 'string') || !['string', 'undefined'].includes(typeof keys.secret)) {
    throw new ConfigError('expected a tenant\'s keys: a JSON Web Key with crv "Ed25519", x and d, and with tenant')
  }
  return keys as TenantKeys
}

/**
 * A token for one peer.
 *
 * @throws ConfigError what it is to say makes no sense or is too long
 * @throws InvalidLinkError a content's link cannot be read
 */
export async function issueToken (keys: TenantKeys, options: TokenOptions): Promise<string> {
  const { peer, seconds, role = 'viewer', contents, paths, region, from = systemClock.wall() } = options
  const nbf = Math.floor(from / 1000)
  const claims = {
    jti: base64url.encode(crypto.getRandomValues(new Uint8Array(12))),
    iss: keys.tenant,
    sub: peer,
    role,
    region,
    swarms: contents === undefined ? undefined : await swarmsOf(contents, keys.secret),
    paths,
    nbf,
    exp: Math.ceil(nbf + seconds)
  }
  return await sign(keys, claims, TOKEN_TYPE, MAX_TOKEN_CHARACTERS, readGrant)
}

/**
 * All that a tenant takes back, in the place of every earlier list. What has expired by itself need not be in it.
 *
 * @throws ConfigError what it is to say makes no sense or is too long
 */
export async function issueRevocations (keys: TenantKeys, { sequence, tokens = [], peers = [] }: RevocationOptions): Promise<string> {
  return await sign(keys, { iss: keys.tenant, seq: sequence, tokens, peers }, REVOCATIONS_TYPE, MAX_REVOCATIONS_CHARACTERS, readRevocations)
}

/** @param check what those who judge it read it with */
async function sign (
  keys: TenantKeys, claims: Record<string, unknown>, typ: string, most: number, check: (claims: Record<string, unknown>) => unknown
): Promise<string> {
  try {
    check(JSON.parse(JSON.stringify(claims)) as Record<string, unknown>)
  } catch (error) {
    if (error instanceof TokenError) throw new ConfigError(error.message, { cause: error })
    throw error
  }
  const text = await new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, typ }).sign(await importKeys(keys))
  if (text.length > most) throw new ConfigError(`expected at most ${most} characters, got ${text.length}: say less in one`)
  return text
}

async function importKeys ({ crv, x, d, tenant }: TenantKeys): Promise<CryptoKey> {
  try {
    if (base64url.encode(parseTenantKey(tenant)) !== x) throw new ConfigError('expected x to be the key that tenant names')
    return await importJWK({ kty: 'OKP', crv, x, d }, ALGORITHM) as CryptoKey
  } catch (error) {
    throw new ConfigError(`the tenant's keys cannot be used: ${(error as Error).message}`, { cause: error })
  }
}

async function swarmsOf (links: readonly string[], secret: string | undefined): Promise<string[]> {
  const derive = secret === undefined ? undefined : await swarmIdsOf(secret)
  return await Promise.all(links.map(async link => {
    const id = await publicIdOf(link)
    return derive === undefined ? id : `${id}:${await derive(id)}`
  }))
}

async function publicIdOf (text: string): Promise<SwarmId> {
  const link = parseLink(text)
  return link.kind === 'manifest' ? await swarmIdOf(link.manifest) : await liveSwarmIdOf(link.publisher, link.name)
}
