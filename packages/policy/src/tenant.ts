import { TokenError, type TenantKey } from '@shoal/interface'
import { readGrant, readRevocations } from './claims.js'
import { CLOCK_SKEW_S, MAX_REVOCATIONS_CHARACTERS, MAX_TOKEN_CHARACTERS, REVOCATIONS_TYPE, TOKEN_TYPE } from './defaults.js'
import { importTenantKey, readStatement, verifyStatement } from './statement.js'
import type { Grant, Request, Revocations } from './types.js'

/**
 * A token's claims, not verified: for its own bearer, who wants to know how long it lasts.
 *
 * @throws TokenError `malformed` and nothing else
 */
export function readToken (token: string): Grant {
  return readGrant(readStatement(token, MAX_TOKEN_CHARACTERS))
}

/**
 * Who a list of what is revoked claims to be from, not verified.
 *
 * @throws TokenError `malformed` and nothing else
 */
export function readIssuer (list: string): TenantKey {
  const { iss } = readStatement(list, MAX_REVOCATIONS_CHARACTERS)
  if (typeof iss !== 'string') throw new TokenError('expected a list that says which tenant it is from')
  return iss
}

/**
 * What a list says is revoked, not verified: for the tenant itself, who goes on with it.
 *
 * @throws TokenError `malformed` and nothing else
 */
export function readRevocationList (list: string): Revocations {
  return readRevocations(readStatement(list, MAX_REVOCATIONS_CHARACTERS))
}

/** A tenant as those see it who have its public key: judges what it signed, and remembers what it took back. */
export class Tenant {
  readonly key: TenantKey
  readonly #imported: ReturnType<typeof importTenantKey>
  #revocations: Revocations | undefined
  #list: string | undefined

  constructor (key: TenantKey) {
    this.key = key
    this.#imported = importTenantKey(key)
    // whoever verifies something hears of it
    this.#imported.catch(() => {})
  }

  /** The newest list of what is revoked, as it came, to pass on. */
  get list (): string | undefined {
    return this.#list
  }

  /** Of that list; 0 without one. */
  get sequence (): number {
    return this.#revocations?.sequence ?? 0
  }

  /**
   * What a token grants to whoever shows it for a swarm.
   *
   * @throws TokenError with the reason, and nothing else
   */
  async judge (token: string | undefined, request: Request): Promise<Grant> {
    if (token === undefined) throw new TokenError(`expected a token of ${this.key}, got none`, 'missing')
    const grant = readToken(token)
    if (grant.tenant !== this.key) throw new TokenError(`expected a token of ${this.key}, got one of ${grant.tenant}`, 'other-tenant')
    await verifyStatement(token, await this.#imported, TOKEN_TYPE)
    checkGrant(grant, request)
    if (this.revoked(grant)) throw new TokenError(`the tenant took back the token ${grant.id} or what ${grant.peer} may do`, 'revoked')
    return grant
  }

  revoked ({ id, peer }: Pick<Grant, 'id' | 'peer'>): boolean {
    return this.#revocations?.tokens.has(id) === true || this.#revocations?.peers.has(peer) === true
  }

  /**
   * Takes a list of what is revoked. Returns whether it is newer than the one before; an older one changes nothing.
   *
   * @throws TokenError with the reason, and nothing else
   */
  async revoke (list: string): Promise<boolean> {
    if (list === this.#list) return false
    const claims = readStatement(list, MAX_REVOCATIONS_CHARACTERS)
    if (claims['iss'] !== this.key) throw new TokenError(`expected a list signed by ${this.key}, got one of another`, 'other-tenant')
    const revocations = readRevocations(claims)
    if (revocations.sequence <= this.sequence) return false
    await verifyStatement(list, await this.#imported, REVOCATIONS_TYPE)
    // another may have come meanwhile
    if (revocations.sequence <= this.sequence) return false
    this.#revocations = revocations
    this.#list = list
    return true
  }
}

/**
 * Whether a verified grant covers this request. Pure.
 *
 * @throws TokenError with the reason, and nothing else
 */
function checkGrant (grant: Grant, { peer, swarm, regions, wall }: Request): void {
  const now = wall / 1000
  if (grant.peer !== peer) throw new TokenError(`expected a token for ${peer}, got one for ${grant.peer}`, 'other-peer')
  if (now >= grant.expires + CLOCK_SKEW_S) throw new TokenError(`the token ended at ${show(grant.expires)}, now it is ${show(now)}`, 'expired')
  if (now < grant.notBefore - CLOCK_SKEW_S) throw new TokenError(`the token begins at ${show(grant.notBefore)}, now it is ${show(now)}`, 'early')
  if (grant.swarms !== undefined && ![...grant.swarms.values()].includes(swarm)) {
    throw new TokenError('expected a token for this content, got one for others', 'other-content')
  }
  if (regions !== undefined && (grant.region === undefined || !regions.includes(grant.region))) {
    throw new TokenError(`expected a token for ${regions.join(' or ')}, got one for ${grant.region ?? 'no region'}`, 'other-region')
  }
}

/** ms since 1970 at which a grant ends for those who judge it. */
export function endOf ({ expires }: Pick<Grant, 'expires'>): number {
  return (expires + CLOCK_SKEW_S) * 1000
}

/** Whether a grant covers a segment of its contents. */
export function coversPath ({ paths }: Pick<Grant, 'paths'>, path: string): boolean {
  return paths === undefined || paths.some(prefix => path.startsWith(prefix))
}

function show (seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
