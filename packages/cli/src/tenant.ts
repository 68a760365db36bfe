import { readFileSync } from 'node:fs'
import { ConfigError, type ShoalOptions } from '@shoal/interface'
import type { TenantKeys } from '@shoal/policy/issuing'
import type { Values } from './options/table.js'

/** Tokens that a node issues to itself last so long; another comes before they end. */
const OWN_TOKEN_S = 3_600

/**
 * What a node of an operator has: with the keys of a tenant tokens of its own, as one of the operator's, and the secrets of tenants.
 *
 * @throws ConfigError
 */
export async function tenantOptions (values: Values): Promise<Pick<ShoalOptions, 'token' | 'tenants'>> {
  const { tenant, token } = values
  const secrets = (values['tenant-secret'] ?? []).map(splitSecret)
  if (tenant === undefined) return secrets.length === 0 ? {} : { tenants: Object.fromEntries(secrets) }
  if (token !== undefined) throw new ConfigError('--tenant contradicts --token: a node with the keys of a tenant issues its own')
  const keys = await readTenant(tenant)
  const { issueToken } = await import('@shoal/policy/issuing')
  const own = keys.secret === undefined ? [] : [[keys.tenant, keys.secret] as const]
  return {
    token: peer => issueToken(keys, { peer, seconds: OWN_TOKEN_S, role: 'edge' }),
    tenants: Object.fromEntries([...secrets, ...own])
  }
}

/** @throws ConfigError the file cannot be read or holds something else */
export async function readTenant (path: string): Promise<TenantKeys> {
  const { parseTenant } = await import('@shoal/policy/issuing')
  let json: string
  try {
    json = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`--tenant: ${(error as Error).message}`, { cause: error })
  }
  return parseTenant(json)
}

function splitSecret (text: string): readonly [string, string] {
  const [tenant = '', secret = '', ...more] = text.split(':')
  if (tenant === '' || secret === '' || more.length > 0) throw new ConfigError('--tenant-secret: expected TENANT:SECRET')
  return [tenant, secret]
}
