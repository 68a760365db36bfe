import type { Clock } from '@shoal/base'
import type { RefuseReason, Session, SwarmId, TenantKey } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import type { Emit } from './types.js'

/** What the judges of one swarm's tokens need. */
export interface GateHost {
  readonly swarm: SwarmId
  readonly link: string
  readonly clock: Clock
  readonly alarm: Alarm
  readonly emit: Emit
  /** Regions that the policy allows; `undefined`: all. */
  readonly regions: readonly string[] | undefined
  /** The peer may not be in the swarm any more. */
  readonly expel: (session: Session) => void
  /** Asks the application for our own token. */
  readonly ask: () => Promise<string | undefined>
  /** We show another token from now on. */
  readonly renewed: (token: string) => void
}

/** Lets peers into one swarm by what their tokens say, and puts them out when these end or are taken back. */
export interface Gate {
  grants (session: Session): boolean
  /** `undefined` lets the peer in. */
  admit (session: Session, token: string | undefined): Promise<RefuseReason | undefined>
  /** Whether a peer that was let in may have a part of the manifest, or a segment: `path` is asked for only where that matters. */
  covers (session: Session, path: (() => Promise<string>) | undefined): Promise<boolean>
  /** The peer spreads the content on its tenant's behalf. */
  urgent (session: Session): boolean
  /** Tells a peer what the tenant took back. */
  brief (session: Session): void
  /** A peer says what the tenant took back. */
  revoked (session: Session, list: string): Promise<void>
  /** Our own token, as the others judge it: another is asked for before it ends. */
  own (token: string): void
  left (session: Session): void
  close (): void
}

/** The judges of all tenants. Made by `tenants.ts`, which most nodes never load. */
export interface Gates {
  gate (tenant: TenantKey, host: GateHost): Promise<Gate>
  /** A list from the application. Returns whether it was newer. @throws TokenError it is not what a tenant signed */
  revoke (list: string): Promise<boolean>
}
