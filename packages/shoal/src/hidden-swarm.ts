import { UnauthorisedError, type PeerName, type SwarmId, type TenantKey } from '@shoal/interface'
import { readToken } from '@shoal/policy'
import { swarmIdsOf } from '@shoal/policy/swarm-ids'
import type { Config } from './config.js'

interface Hidden {
  readonly tenant: TenantKey
  /** What the swarm's id would be if everybody might know it. */
  readonly publicId: SwarmId
  readonly link: string
  readonly self: PeerName
}

/**
 * The id under which a tenant's content is found: derived from the tenant's secret where this node has it, else what our token says.
 *
 * @throws UnauthorisedError when there is neither
 * @throws TokenError when the token is none
 */
export async function hiddenSwarm (
  { tenant, publicId, link, self }: Hidden, { tenants, token: source }: Pick<Config, 'tenants' | 'token'>
): Promise<{ swarm: SwarmId, token?: string }> {
  const secret = Object.hasOwn(tenants, tenant) ? tenants[tenant] : undefined
  if (secret !== undefined) return { swarm: await (await swarmIdsOf(secret))(publicId) }
  const token = await source?.(self, link)
  const swarm = token === undefined || token === '' ? undefined : readToken(token).swarms?.get(publicId)
  if (token === undefined || swarm === undefined) {
    throw new UnauthorisedError(`${link} is kept to itself by its tenant: only a token for it, or the tenant's secret, tells where it is found`)
  }
  return { swarm, token }
}
