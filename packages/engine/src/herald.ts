import type { Duty, HaveDelta, PeerHint, Session } from '@shoal/interface'
import { HAVE_INTERVAL_MS, JOIN_AGAIN_MS, PEX_PEERS, PROVIDER_SAMPLE } from './defaults.js'
import type { Inventory } from './inventory.js'
import type { Members } from './members.js'
import type { Shared } from './shared.js'
import type { EngineComponents, SwarmOpening } from './types.js'

export interface HeraldHost {
  readonly opening: SwarmOpening
  readonly members: Members
  readonly shared: Shared
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
  readonly swarmSize: () => number
}

/** What the others hear of us in one swarm: JOIN, have-maps, who else is there, announcements and the provider record. */
export class Herald {
  readonly #host: HeraldHost
  /** Sessions on which our JOIN is about to go out, or stands. */
  readonly #greetings = new Map<Session, 'sending' | 'told'>()
  /** Sessions whose peer was not in the swarm when we said JOIN, and when we may say it again. */
  readonly #refused = new WeakMap<Session, number>()
  readonly #tell = (): void => { this.#sendHaves() }
  /** When the others last heard of what is new. */
  #toldAt = -Infinity
  #providing = false
  /** Decides once, not at every change, whether we are in the sample that provides. */
  readonly #draw: number
  #closed = false

  constructor (host: HeraldHost) {
    this.#host = host
    this.#draw = host.shared.components.random()
  }

  /** Say JOIN on this session, unless it has been said or was refused just now. */
  greet (session: Session): void {
    if (this.#closed || session.closed || this.#greetings.has(session)) return
    if ((this.#refused.get(session) ?? 0) > this.#host.shared.components.clock.now()) return
    this.#greetings.set(session, 'sending')
    void this.#sendJoin(session)
  }

  /** They joined: they do not refuse us any more. */
  joined (session: Session): void {
    this.#refused.delete(session)
    this.greet(session)
  }

  /** The peer is not in the swarm: perhaps later. */
  refused (session: Session): void {
    this.#greetings.delete(session)
    this.#refused.set(session, this.#host.shared.components.clock.now() + JOIN_AGAIN_MS)
  }

  left (session: Session): void {
    this.#greetings.delete(session)
  }

  told (session: Session): boolean {
    return this.#greetings.get(session) === 'told'
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
  }

  /** We hold nothing any more, as far as the others know. */
  hush (told: HaveDelta | undefined): void {
    const { opening: { swarm }, shared: { components }, members } = this.#host
    components.availability.leave(swarm)
    components.routing.unprovide(swarm)
    this.#providing = false
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
    if (!this.told(session)) return
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
    const { inventory, shared, share } = this.#host
    return {
      have: { complete: inventory()?.have.snapshot().complete ?? [], partial: [] },
      capacity: shared.profile().capacity,
      share: share(),
      addrs: shared.components.addresses.own().slice(0, 3)
    }
  }

  close (): void {
    const { shared: { alarm, components }, opening: { swarm } } = this.#host
    this.#closed = true
    alarm.set(this.#tell, undefined)
    components.availability.leave(swarm)
    components.routing.unprovide(swarm)
    for (const session of this.#greetings.keys()) session.leave(swarm)
    this.#greetings.clear()
  }

  async #sendJoin (session: Session): Promise<void> {
    const { opening: { swarm, emit }, shared, inventory, head, members } = this.#host
    try {
      const token = await shared.init.token?.(session.peer)
      if (session.closed || this.#closed || !this.#greetings.has(session)) return
      this.#greetings.set(session, 'told')
      session.join(swarm, { token, have: inventory()?.have.snapshot() ?? { complete: [], partial: [] }, head: head() })
      this.#host.joined(session)
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
    this.#provide()
  }

  /** Those who hold something can be found: all of a small swarm, a sample of a large one, the weak of neither. */
  #provide (): void {
    if (this.#providing) return
    const { shared: { components: { availability, routing } }, opening: { swarm }, swarmSize, duty } = this.#host
    availability.hasten(swarm)
    if (this.#draw > PROVIDER_SAMPLE / swarmSize() || duty() === 'none') return
    this.#providing = true
    routing.provide(swarm)
  }
}
