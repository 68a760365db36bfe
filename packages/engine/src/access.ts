import type { Policy, RefuseReason, Session, SwarmId } from '@shoal/interface'
import type { Gate } from './gate.js'
import type { Shared } from './shared.js'
import type { Emit } from './types.js'

export interface AccessHost {
  readonly swarm: SwarmId
  readonly link: string
  readonly shared: Shared
  readonly emit: Emit
  /** Ours, where it is known already. */
  readonly token?: string | undefined
  /** The peer may not be in the swarm any more, and knows. */
  readonly expelled: (session: Session) => void
  /** We show another token from now on. */
  readonly renewed: (token: string) => void
}

/**
 * Who may be in one content's swarm. Until its manifest is known nobody can be judged; there is nothing to give either. Where the policy
 * names a tenant, a gate judges everybody from then on, those who came before included; it is loaded then, and costs public contents
 * nothing.
 */
export class Access {
  readonly #host: AccessHost
  /** Who came before anybody could be judged, with the token that they showed and what they said is taken back. */
  readonly #early = new Map<Session, { readonly token: string | undefined, list?: string }>()
  #state: 'unknown' | 'public' | 'guarded' = 'unknown'
  #loading: Promise<Gate> | undefined
  #gate: Gate | undefined
  #token: Promise<string | undefined> | undefined
  #closed = false
  /** Peers that refused us. */
  #refusals = 0

  constructor (host: AccessHost) {
    this.#host = host
    if (host.token !== undefined) this.#token = Promise.resolve(host.token)
  }

  /** Everybody may know what we hold. */
  get public (): boolean {
    return this.#state === 'public'
  }

  get refusals (): number {
    return this.#refusals
  }

  /** Whether this peer may know what we hold, and whom we know. */
  shows (session: Session): boolean {
    if (this.#state === 'unknown') return this.#host.shared.init.token === undefined
    return this.#state === 'public' || this.#gate?.grants(session) === true
  }

  /** `undefined` lets the peer in. */
  async admit (session: Session, token: string | undefined): Promise<RefuseReason | undefined> {
    if (this.#state === 'guarded') return await (await this.#loading)?.admit(session, token)
    if (this.#state === 'unknown') this.#early.set(session, { token })
    return undefined
  }

  /** Whether a peer that was let in may still be here: it may have come before it could be judged. */
  holds (session: Session): boolean {
    return this.#state !== 'guarded' || this.#early.has(session) || this.#gate?.grants(session) === true
  }

  /** The manifest is known. Resolves when all who came before have been judged; `undefined` when there is nothing to judge. */
  settle ({ token, residency }: Policy): Promise<void> | undefined {
    if (typeof token !== 'string') {
      this.#state = 'public'
      this.#early.clear()
      return undefined
    }
    const { tenants, alarm, components: { clock } } = this.#host.shared
    this.#state = 'guarded'
    this.#loading = tenants().then(async gates => {
      this.#gate = await gates.gate(token, {
        ...this.#host, clock, alarm, regions: residency, expel: session => { this.expel(session) }, ask: async () => await this.#ask()
      })
      if (this.#closed) this.#gate.close()
      return this.#gate
    })
    return this.#judgeEarly(this.#loading)
  }

  /** What we show, `undefined` when there is nothing to show or no need to. */
  async token (): Promise<string | undefined> {
    if (this.#state === 'public') return undefined
    const token = await (this.#token ??= this.#ask())
    if (token !== undefined) this.#gate?.own(token)
    return token
  }

  /** Whether the peer may have a part of the manifest, or a segment, whose path is asked for only where that matters. */
  async covers (session: Session, path: (() => Promise<string>) | undefined): Promise<boolean> {
    // nothing is held while nobody can be judged
    return this.#state !== 'guarded' || await this.#gate?.covers(session, path) === true
  }

  /** The peer spreads the content on its tenant's behalf: it need not wait for a turn. */
  urgent (session: Session): boolean {
    return this.#gate?.urgent(session) === true
  }

  /** What the tenant took back, for a peer that may not know. */
  brief (session: Session): void {
    this.#gate?.brief(session)
  }

  /** A peer says what the tenant took back. */
  revoked (session: Session, list: string): void {
    const early = this.#early.get(session)
    if (early !== undefined) early.list = list
    else void this.#gate?.revoked(session, list)
  }

  /** The peer refused us. */
  refused (session: Session): void {
    this.#refusals++
    // the next one may do
    if (this.#gate === undefined) this.#token = undefined
    const why = this.#host.shared.init.token === undefined ? 'it asks for a token, and this node has none' : 'our token does not count there'
    const detail = `${why}, or it shut this node out`
    this.#host.emit('peer:refused', { content: this.#host.link, peer: session.peer, by: 'them', reason: 'unauthorised', detail })
  }

  expel (session: Session): void {
    session.expel(this.#host.swarm, 'unauthorised')
    this.#host.expelled(session)
  }

  left (session: Session): void {
    this.#early.delete(session)
    this.#gate?.left(session)
  }

  close (): void {
    this.#closed = true
    this.#gate?.close()
  }

  async #judgeEarly (loading: Promise<Gate>): Promise<void> {
    const gate = await loading
    // whoever says JOIN next hears why there is none
    this.token().catch(() => {})
    await Promise.all([...this.#early].map(async ([session, early]) => {
      const refused = await gate.admit(session, early.token)
      this.#early.delete(session)
      if (refused !== undefined) this.expel(session)
      else if (early.list !== undefined) await gate.revoked(session, early.list)
    }))
  }

  /** A new one, which the next JOIN shows. */
  async #ask (): Promise<string | undefined> {
    const asked = this.#host.shared.init.token?.(this.#host.link)
    const token = asked?.then(token => token === '' ? undefined : token)
    this.#token = token
    // what fails is asked for again by whoever needs it next
    token?.catch(() => { if (this.#token === token) this.#token = undefined })
    return await token
  }
}
