/** What tenants sign, as those read it who judge it: tokens, and lists of what is taken back. */

import type { Random } from '@shoal/base'
import { TokenError } from '@shoal/interface'
import { parseTenantKey, readIssuer, readRevocationList, readToken, Tenant } from '@shoal/policy'
import { createTenant, issueRevocations, issueToken } from '@shoal/policy/issuing'
import { mutateText, mutateTree, pick } from './mutate.ts'
import type { Target } from './target.ts'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const LINKS = ['shoal:bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', `shoal:${PEER}/show`]

/** Half of them well-formed statements that say something else. */
function mutateStatement (right: readonly string[], random: Random): string {
  const original = pick(right, random)
  if (random() < 0.5) return mutateText(original, right, random)
  const parts = original.split('.')
  const at = random() < 0.2 ? 0 : 1
  const changed = mutateTree(JSON.parse(Buffer.from(parts[at] ?? '', 'base64url').toString()), random)
  return parts.with(at, Buffer.from(JSON.stringify(changed) as string | undefined ?? '').toString('base64url')).join('.')
}

export async function tokenTargets (): Promise<Target[]> {
  const keys = await createTenant({ hidden: true })
  const tokens = [
    await issueToken(keys, { peer: PEER, seconds: 3600 }),
    await issueToken(keys, { peer: PEER, seconds: 60, role: 'edge', region: 'CH', contents: LINKS, paths: ['a/', 'b'] })
  ]
  const lists = [
    await issueRevocations(keys, { sequence: 1 }),
    await issueRevocations(keys, { sequence: 2, tokens: Array.from({ length: 100 }, (_, i) => `id ${i}`), peers: [PEER] })
  ]
  const tenant = new Tenant(keys.tenant)
  return [
    {
      name: 'token',
      error: TokenError,
      make (random) {
        const token = mutateStatement(tokens, random)
        return async () => {
          readToken(token)
          await tenant.judge(token, { peer: PEER, swarm: '00'.repeat(32), regions: ['CH'], wall: 1e12 })
        }
      }
    },
    {
      name: 'list of revoked tokens',
      error: TokenError,
      make (random) {
        const list = mutateStatement(lists, random)
        return async () => {
          readIssuer(list)
          readRevocationList(list)
          await tenant.revoke(list)
        }
      }
    },
    {
      name: 'tenant key',
      error: TokenError,
      make (random) {
        const key = mutateText(keys.tenant, [keys.tenant, PEER], random)
        return () => { parseTenantKey(key) }
      }
    }
  ]
}
