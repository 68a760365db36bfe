import type { PeerName, Role, SwarmId, TenantKey } from '@shoal/interface'

/** What a token says. */
export interface Grant {
  /** Names the token, so that it can be revoked. */
  readonly id: string
  readonly tenant: TenantKey
  /** The only peer that may show it. */
  readonly peer: PeerName
  readonly role: Role
  /** Where the peer is, as the tenant knows it. */
  readonly region: string | undefined
  /** Ids under which the bearer joins, by the public id of the content; `undefined`: every content of the tenant. */
  readonly swarms: ReadonlyMap<SwarmId, SwarmId> | undefined
  /** The bearer gets segments alone whose path begins with one of these; `undefined`: all. */
  readonly paths: readonly string[] | undefined
  /** Seconds since 1970: the first in which it counts, and the first in which it does not any more. */
  readonly notBefore: number
  readonly expires: number
}

/** Which tokens and peers a tenant has taken back. Each list says all of it again. */
export interface Revocations {
  /** Rises with every list: an older one never takes the place of a newer. */
  readonly sequence: number
  /** Ids of tokens. */
  readonly tokens: ReadonlySet<string>
  /** Peers, whatever they show. */
  readonly peers: ReadonlySet<PeerName>
}

/** What somebody asks who shows a token. */
export interface Request {
  /** Who shows it: the other end of a secured connection. */
  readonly peer: PeerName
  readonly swarm: SwarmId
  /** Regions that the content's policy allows; `undefined`: all. */
  readonly regions: readonly string[] | undefined
  /** ms since 1970. */
  readonly wall: number
}
