import type { PeerName } from './block.js'

/** A tenant by its public key: an Ed25519 one in the text form of a peer id (`12D3Koo…`). */
export type TenantKey = string

/**
 * What a token's bearer is to its tenant. `viewer`: somebody in the audience, who takes turns with others. `seeder`, `edge`: who spreads a
 * content or is run by the operator, and waits for no turn. A role that is not known gives no more than `viewer`.
 */
export type Role = 'viewer' | 'seeder' | 'edge' | (string & Record<never, never>)

/**
 * Why a token does not count. `missing`: none was shown. `malformed`: too long, no token, or claims that make no sense. `forged`: not
 * signed by the tenant. `expired`, `early`: not now. The others: it is another tenant's, another peer's, for other contents, or says
 * nothing of a region that the policy allows. `revoked`: the tenant took it back. `unverifiable`: this platform has no Ed25519. `hasty`:
 * the peer shows more tokens than anybody needs, and this one was not looked at.
 */
export type TokenFault =
  | 'missing' | 'malformed' | 'forged' | 'expired' | 'early' | 'other-tenant' | 'other-peer' | 'other-content' | 'other-region'
  | 'revoked' | 'unverifiable' | 'hasty'

/** A peer that may not have a content, or is believed so. */
export interface RefusedDetail {
  /** Link of the content. */
  readonly content: string
  readonly peer: PeerName
  /** `us`: we refused the peer. `them`: it refused us. */
  readonly by: 'us' | 'them'
  /** A peer says no more than `unauthorised`. */
  readonly reason: TokenFault | 'unauthorised'
  readonly detail: string
}
