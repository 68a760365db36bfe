import type { Duty, HaveDelta, PeerHint, Session } from '@shoal/interface'
import type { Access } from './access.js'
import { HAVE_INTERVAL_MS, JOIN_AGAIN_MS, PEX_PEERS } from './defaults.js'
import type { Inventory } from './inventory.js'
import { localityOf } from './locality.js'
import type { Members } from './members.js'
import { Provision } from './provision.js'
import type { Shared } from './shared.js'
import { swarmCell } from './swarm-cell.js'
import type { EngineComponents, SwarmOpening } from './types.js'

export interface HeraldHost {
  readonly opening: SwarmOpening
  readonly members: Members
  readonly shared: Shared
  readonly access: Access
  /** `undefined` while the manifest is not known, and when nothing is shared. */
  readonly inventory: () => Inventory | undefined
  readonly head: () => Uint8Array | undefined
  /** Hear what the publisher of a live content gives out to all. */
  readonly follow: () => void
  /** Our JOIN has gone out on this session. */
  readonly joined: (session: Session) => void
  /** Share of the content that is held, 0 to 1. */
  readonly share: () => number
  readonly duty: () => Duty
  /** Blocks may go to peers. */
  readonly gives: () => boolean
  readonly swarmSize: () => number
}

/** What the others hear of us in one swarm: JOIN, have-maps, who else is there, announcements and the provider record. */
export class Herald {
  readonly #host: HeraldHost
  /** Sessions on which our JOIN is about to go out, or stands. */
  readonly #greetings = new Map<Session, 'sending' | 'told'>()
  /** Of these, those whose peer has heard what we hold. */
  readonly #shown = new WeakSet<Session>()
  /** Sessions whose peer refused us when we said JOIN, and when we may say it again. */
  readonly #refused = new WeakMap<Session, number>()
  /** Of these, those that asked for a token that counts. */
  readonly #unauthorised = new Set<Session>()
  /** Sessions whose peer we refused. */
  readonly #barred = new WeakSet<Session>()
  readonly #tell = (): void => { this.#sendHaves() }
  /** When the others last heard of what is new. */
  #toldAt = -Infinity
  readonly #provision: Provision
  /** The swarm has heard that there is something to be had here, and that there is everything. */
  #announced: 'nothing' | 'some' | 'all' = 'nothing'
  #closed = false

  constructor (host: HeraldHost) {
    this.#host = host
    const { opening: { swarm }, shared, duty, swarmSize } = host
    this.#provision = new Provision({
      swarm,
      shared,
      gives: () => duty() !== 'none',
      swarmSize,
      cell: () => swarmCell(shared.components.availability, swarm)
    })
  }

  /** Say JOIN on this session, unless it has been said or was refused just now. */
  greet (session: Session): void {
    if (!this.#barred.has(session)) this.#greet(session)
  }

  #greet (session: Session): void {
    if (this.#closed || session.closed || this.#greetings.has(session)) return
    if ((this.#refused.get(session) ?? 0) > this.#host.shared.components.clock.now()) return
    this.#greetings.set(session, 'sending')
    void this.#sendJoin(session)
  }

  /** They joined: they do not refuse us any more. */
  joined (session: Session): void {
    this.#refused.delete(session)
    this.#barred.delete(session)
    this.greet(session)
    this.show(session)
  }

  /** The peer is not in the swarm, or does not let us in: perhaps later. */
  refused (session: Session, unauthorised = false): void {
    this.left(session)
    this.#refused.set(session, this.#host.shared.components.clock.now() + JOIN_AGAIN_MS)
    if (unauthorised) this.#unauthorised.add(session)
  }

  /** We have another token: those who let us in go on to do so, those who did not may do now. */
  renew (token: string): void {
    for (const [session, greeting] of this.#greetings) if (greeting === 'told') session.renew(this.#host.opening.swarm, token)
    for (const session of this.#unauthorised) {
      this.#unauthorised.delete(session)
      this.#refused.delete(session)
      this.#greet(session)
    }
  }

  /** Says nothing more on this session until its peer has been let in. */
  bar (session: Session): void {
    this.left(session)
    this.#barred.add(session)
  }

  /** What we hold, for a peer that may know it and did not when we said JOIN; `false` when it knows, or may not. */
  show (session: Session): boolean {
    const { opening: { swarm }, access, inventory, head: current } = this.#host
    if (!this.told(session) || this.#shown.has(session) || !access.shows(session)) return false
    this.#shown.add(session)
    const [have, head] = [inventory()?.have.snapshot(), current()]
    if (have !== undefined) session.have(swarm, have)
    if (head !== undefined) session.head(swarm, head)
    access.brief(session)
    return true
  }

  left (session: Session): void {
    this.#greetings.delete(session)
    this.#shown.delete(session)
    if (session.closed) this.#unauthorised.delete(session)
  }

  /** The peer does not let us in with the token that we have. */
  turnedAway (session: Session): boolean {
    return this.#unauthorised.has(session)
  }

  told (session: Session): boolean {
    return this.#greetings.get(session) === 'told'
  }

  /** The manifest is here: that is something to be had, and without it nobody can begin. */
  begun (): void {
    this.#provision.look()
  }

  /** From now on the others hear what we hold. */
  speak (): void {
    const { opening: { swarm }, shared: { components }, members, inventory, head: current, follow } = this.#host
    components.availability.join(swarm, () => this.describe())
    follow()
    const [have, head] = [inventory()?.have.snapshot(), current()]
    for (const { session } of members) {
      if (!this.told(session)) continue
      if (have !== undefined) session.have(swarm, have)
      if (head !== undefined) session.head(swarm, head)
    }
    // what is held already changes no more, so that nothing else would tell of it
    if ((inventory()?.have.completeSegments ?? 0) > 0) this.#news()
  }

  /** We hold nothing any more, as far as the others know. */
  hush (told: HaveDelta | undefined): void {
    const { opening: { swarm }, shared: { components }, members } = this.#host
    components.availability.leave(swarm)
    this.#announced = 'nothing'
    this.#provision.stop()
    const dropped = [...told?.complete ?? [], ...(told?.partial ?? []).map(({ segment }) => ({ start: segment, count: 1 }))]
    if (dropped.length === 0) return
    for (const { session } of members) if (this.told(session)) session.have(swarm, { complete: [], partial: [], dropped })
  }

  /** The have-map changed; `now`: worth telling at once. */
  changed (now = false): void {
    const { alarm, components } = this.#host.shared
    alarm.soonest(this.#tell, now ? components.clock.now() : Math.max(components.clock.now(), this.#toldAt + HAVE_INTERVAL_MS))
  }

  async sendPeers (session: Session): Promise<void> {
    if (!this.told(session) || !this.#host.access.shows(session)) return
    const { members, shared, opening } = this.#host
    const peers: PeerHint[] = []
    for (const { peer } of members) {
      if (peer === session.peer || peers.length >= PEX_PEERS) continue
      const addrs = await shared.components.addresses.of(peer, session.remoteAddr)
      if (addrs.length > 0) peers.push({ peer, addrs })
    }
    if (peers.length > 0 && !session.closed && this.told(session)) session.pex(opening.swarm, peers)
  }

  describe (): ReturnType<Parameters<EngineComponents['availability']['join']>[1]> {
    const { inventory, shared, share, access, opening, gives } = this.#host
    // anybody may listen
    const have = access.public ? inventory()?.have.snapshot().complete : undefined
    return {
      have: { complete: have ?? [], partial: [] },
      capacity: gives() ? shared.profile().capacity : 0,
      share: access.public ? share() : 0,
      addrs: shared.components.addresses.own().slice(0, 3),
      locality: localityOf(opening.swarm, shared.components.addresses.surroundings?.() ?? {})
    }
  }

  close (): void {
    const { shared: { alarm, components }, opening: { swarm } } = this.#host
    this.#closed = true
    alarm.set(this.#tell, undefined)
    components.availability.leave(swarm)
    this.#provision.stop()
    for (const session of this.#greetings.keys()) session.leave(swarm)
    this.#greetings.clear()
    this.#unauthorised.clear()
  }

  async #sendJoin (session: Session): Promise<void> {
    const { opening: { swarm, emit }, access, inventory, head, members } = this.#host
    try {
      const token = await access.token()
      if (session.closed || this.#closed || !this.#greetings.has(session)) return
      this.#greetings.set(session, 'told')
      const shows = access.shows(session)
      if (shows) this.#shown.add(session)
      const have = shows ? inventory()?.have.snapshot() : undefined
      session.join(swarm, { token, have: have ?? { complete: [], partial: [] }, head: shows ? head() : undefined })
      this.#host.joined(session)
      if (shows) access.brief(session)
      if (members.by(session) !== undefined) void this.sendPeers(session)
    } catch (error) {
      this.refused(session)
      emit('error', { error: error as Error, doing: `joining ${session.peer}` })
    }
  }

  #sendHaves (): void {
    const { members, opening: { swarm }, inventory, shared } = this.#host
    const delta = inventory()?.have.takeDelta()
    if (delta === undefined) return
    this.#toldAt = shared.components.clock.now()
    for (const { session } of members) if (this.told(session)) session.have(swarm, delta)
    this.#news()
  }

  /**
   * The swarm hears at once of the first that is held and of the last; in between, announcements come at their time. Whoever has had all of
   * a live content has not with every new segment, and has again when that is here: that is no news.
   */
  #news (): void {
    const { shared: { components: { availability } }, opening: { swarm }, share } = this.#host
    const holds = share() < 1 ? 'some' : 'all'
    if (this.#announced === 'nothing' || (holds === 'all' && this.#announced === 'some')) {
      availability.hasten(swarm)
      this.#announced = holds
    }
    this.#provision.look()
  }

  /** Our cell is another one: those in it find us there. */
  moved (): void {
    if (this.#announced !== 'nothing') this.#provision.look()
  }
}
