/**
 * Who may have a content. A tenant, known by its public key, signs tokens; whoever serves a content whose policy names that key judges
 * them. Decisions are functions of what was signed, of who asks and of the time that is given in; the signatures are `jose`'s, over
 * WebCrypto. Making tokens is the entry `@shoal/policy/issuing`, for the operator's side; hiding swarms is `@shoal/policy/swarm-ids`.
 *
 * ```ts
 * const tenant = new Tenant(policy.token)
 * const grant = await tenant.judge(token, { peer: session.peer, swarm, regions: policy.residency, wall: clock.wall() })
 * ```
 *
 * @packageDocumentation
 */

export { Tenant, coversPath, endOf, readIssuer, readRevocationList, readToken } from './tenant.js'
export { parseTenantKey } from './tenant-key.js'
export type { Grant, Request } from './types.js'
