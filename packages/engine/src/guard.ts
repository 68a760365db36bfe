import { BoundedMap, TokenBucket } from '@shoal/base'
import { TokenError, type RefuseReason, type Session } from '@shoal/interface'
import { coversPath, endOf, type Grant, type Tenant } from '@shoal/policy'
import { JUDGED_AT_ONCE, JUDGED_PEERS, JUDGED_PER_SECOND } from './defaults.js'
import type { Gate, GateHost } from './gate.js'
import { Renewal } from './renewal.js'

export interface GuardHost extends GateHost {
  /** What the tenant took back has come from a peer. */
  readonly heard: (list: string) => Promise<void>
  readonly closed: () => void
}

/** The gate of one swarm. */
export class Guard implements Gate {
  readonly tenant: Tenant
  readonly #host: GuardHost
  readonly #grants = new Map<Session, Grant>()
  /** A signature costs more to check than to make up. */
  readonly #haste = new BoundedMap<string, { readonly bucket: TokenBucket, said: boolean }>(JUDGED_PEERS)
  readonly #renewal: Renewal
  readonly #work = (): void => { this.review() }

  constructor (tenant: Tenant, host: GuardHost) {
    this.tenant = tenant
    this.#host = host
    const { emit, link } = host
    this.#renewal = new Renewal({ ...host, failed: error => { emit('error', { error, doing: `getting a token for ${link}` }) } })
  }

  grants (session: Session): boolean {
    return this.#grants.has(session)
  }

  async admit (session: Session, token: string | undefined): Promise<RefuseReason | undefined> {
    const { swarm, regions, clock } = this.#host
    const { peer } = session
    if (!this.#patient(session)) {
      this.#grants.delete(session)
      return 'unauthorised'
    }
    try {
      const grant = await this.tenant.judge(token, { peer, swarm, regions, wall: clock.wall() })
      if (session.closed) return undefined
      this.#grants.set(session, grant)
      this.#arm()
      return undefined
    } catch (error) {
      this.#grants.delete(session)
      this.#refused(session, error as TokenError)
      return 'unauthorised'
    }
  }

  async covers (session: Session, path: (() => Promise<string>) | undefined): Promise<boolean> {
    const grant = this.#grants.get(session)
    return grant !== undefined && (path === undefined || grant.paths === undefined || coversPath(grant, await path()))
  }

  urgent (session: Session): boolean {
    const role = this.#grants.get(session)?.role
    return role === 'seeder' || role === 'edge'
  }

  brief (session: Session): void {
    if (this.tenant.list !== undefined && this.grants(session)) session.revoked(this.#host.swarm, this.tenant.list)
  }

  async revoked (session: Session, list: string): Promise<void> {
    if (!this.grants(session) || !this.#patient(session)) return
    try {
      await this.#host.heard(list)
    } catch (error) {
      this.#refused(session, error as TokenError)
      this.#grants.delete(session)
      this.#host.expel(session)
    }
  }

  own (token: string): void {
    this.#renewal.begin(token)
  }

  /** Who may stay: the time has passed, or the tenant took something back. */
  review (): void {
    const wall = this.#host.clock.wall()
    for (const [session, grant] of [...this.#grants]) {
      const revoked = this.tenant.revoked(grant)
      if (!revoked && wall < endOf(grant)) continue
      this.#grants.delete(session)
      this.#refused(session, revoked
        ? new TokenError(`the tenant took back the token ${grant.id} or what ${grant.peer} may do`, 'revoked')
        : new TokenError('the token ended, and no other came', 'expired'))
      this.#host.expel(session)
    }
    this.#arm()
  }

  /** Everybody here hears what the tenant took back. */
  briefAll (): void {
    for (const session of this.#grants.keys()) this.brief(session)
  }

  left (session: Session): void {
    this.#grants.delete(session)
  }

  close (): void {
    this.#host.alarm.set(this.#work, undefined)
    this.#renewal.close()
    this.#grants.clear()
    this.#host.closed()
  }

  #refused ({ peer }: Session, { reason, message }: TokenError): void {
    this.#host.emit('peer:refused', { content: this.#host.link, peer, by: 'us', reason, detail: message })
  }

  /** Whether the peer leaves us time to look at what it shows; said once when it does not, for it may go on and on. */
  #patient (session: Session): boolean {
    const { peer } = session
    let haste = this.#haste.get(peer)
    if (haste === undefined) {
      haste = { bucket: new TokenBucket(this.#host.clock, JUDGED_PER_SECOND, JUDGED_AT_ONCE), said: false }
      this.#haste.set(peer, haste)
    }
    const patient = haste.bucket.take(1)
    if (!patient && !haste.said) {
      this.#refused(session, new TokenError(`expected at most ${JUDGED_PER_SECOND} token a second, got more for too long`, 'hasty'))
    }
    haste.said = !patient
    return patient
  }

  #arm (): void {
    const { alarm, clock } = this.#host
    let end = Infinity
    for (const grant of this.#grants.values()) end = Math.min(end, endOf(grant))
    alarm.set(this.#work, end === Infinity ? undefined : clock.now() + end - clock.wall())
  }
}
