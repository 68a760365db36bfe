/** Tokens that do not count, each made by somebody who has seen right ones. */

import type { TokenFault } from '@shoal/interface'
import { createTenant, issueToken } from '@shoal/policy/issuing'
import type { Scene } from './goods.ts'

/** Judges allow for clocks that differ by a minute. */
const LONG_AGO_MS = 3_600_000

export interface BadToken {
  /** What the victim has to say of it. */
  readonly fault: TokenFault
  /** @param peer who shows it */
  readonly make: (scene: Scene, peer: string) => Promise<string | undefined>
}

export const badTokens: readonly BadToken[] = [
  { fault: 'missing', make: async () => undefined },
  { fault: 'malformed', make: async () => 'a.b.c' },
  // it counted once
  { fault: 'expired', make: async ({ tenant }, peer) => await issueToken(tenant, { peer, seconds: 60, from: Date.now() - LONG_AGO_MS }) },
  // as the victim itself shows it to its neighbours
  { fault: 'other-peer', make: async ({ tenant, victim }) => await issueToken(tenant, { peer: victim.peer, seconds: 3_600 }) },
  { fault: 'other-tenant', make: async (_scene, peer) => await issueToken(await createTenant(), { peer, seconds: 3_600 }) },
  { fault: 'forged', make: forge },
  {
    fault: 'other-content',
    make: async ({ tenant, given }, peer) => await issueToken(tenant, { peer, seconds: 3_600, contents: [`shoal:${given.manifest}`] })
  }
]

/** What the tenant says, signed by another. */
async function forge ({ tenant }: Scene, peer: string): Promise<string> {
  const right = await issueToken(tenant, { peer, seconds: 3_600 })
  const signed = await issueToken(await createTenant(), { peer, seconds: 3_600 })
  return [...right.split('.').slice(0, 2), signed.split('.')[2]].join('.')
}
