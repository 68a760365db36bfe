import { MANIFEST_SEGMENT } from '@shoal/content'
import type { BlockPlace, HaveDelta, RefuseReason, Session, SwarmId, VerifiedBlock } from '@shoal/interface'
import type { Access } from './access.js'
import { RELAY_PATIENCE_MS } from './defaults.js'
import type { Delivery } from './delivery.js'
import type { Herald } from './herald.js'
import type { ManifestBlocks } from './manifest-blocks.js'
import type { Member, Members } from './members.js'
import type { Purging } from './purging.js'
import { routeOf } from './route.js'
import type { Shared } from './shared.js'
import type { Source } from './source.js'
import type { SwarmStats } from './stats.js'

export interface NeighboursHost {
  readonly swarm: SwarmId
  readonly shared: Shared
  readonly access: Access
  readonly members: Members
  readonly blocks: ManifestBlocks
  readonly source: Source
  readonly herald: Herald
  readonly purging: Purging
  readonly stats: SwarmStats
  /** `undefined` while the manifest is not known. */
  readonly delivery: () => Delivery | undefined
  /** Whoever asks here for a block asks in vain: they hear it before they wait for us, or leave blocks to us that only seeders hold. */
  readonly barren: () => boolean
  /** A peer that is in the swarm asked for a token that counts. */
  readonly unauthorised: () => void
}

/** What sessions say about one content, brought to whom it concerns: who is a member, what they hold, what comes and what does not. */
export class Neighbours {
  readonly #host: NeighboursHost
  /** Members that nothing but a relay leads to, and from when on that will do. */
  readonly #relayed = new Map<Member, number>()
  readonly #settle = (): void => { this.#settled() }

  constructor (host: NeighboursHost) {
    this.#host = host
  }

  joined (session: Session, have: HaveDelta): void {
    const { swarm, access, members, herald, blocks, barren } = this.#host
    if (!access.holds(session)) return access.expel(session)
    herald.joined(session)
    const { member, change, touched } = members.join(session, have)
    if (change === 'none') {
      if (member.ready) this.#delivery?.swarm.peerHave(member.peer, touched)
      this.#delivery?.schedule()
      return
    }
    if (change === 'moved') this.#delivery?.swarm.peerLeft(member.peer)
    this.#enter(member)
    if (barren() && !access.urgent(session)) members.choke(member.peer, true, swarm)
    blocks.poke()
    void herald.sendPeers(session)
    this.#delivery?.schedule()
  }

  /** The peer is not in the swarm, or does not let us in: perhaps later. */
  joinRefused (session: Session, reason: RefuseReason): void {
    const { herald, access, unauthorised } = this.#host
    herald.refused(session, reason === 'unauthorised')
    if (reason !== 'unauthorised') return
    access.refused(session)
    unauthorised()
  }

  /** We did not let it in: it gets nothing of ours, and has to come by itself. */
  turnedAway (session: Session): void {
    this.part(session)
    this.#host.herald.bar(session)
  }

  have (session: Session, delta: HaveDelta): void {
    const member = this.#host.members.by(session)
    if (member === undefined) return
    const touched = member.have.apply(delta)
    for (const segment of touched) this.#host.shared.spread.held(member.peer, this.#host.swarm, segment, member.have)
    if (!member.ready || touched.length === 0) return
    const by = this.#delivery?.swarm.peerHave(member.peer, touched, delta)
    if (by !== undefined) this.#delivery?.decideBy(by)
  }

  /**
   * The peer left the swarm. Our JOIN stands until it refuses that: if it has come back already, it left before it saw our JOIN, and
   * leaving in turn would only have it do the same.
   */
  leave (session: Session): void {
    const { swarm, access, members, shared } = this.#host
    const gone = members.by(session)?.sessions.size === 1
    access.left(session)
    this.#gone(session)
    if (gone) shared.peerManager.left(swarm, session.peer)
  }

  /** We leave the swarm on this session. */
  part (session: Session): void {
    this.left(session, [])
    session.leave(this.#host.swarm)
  }

  /** The session closed with these blocks outstanding, or the peer left. */
  left (session: Session, lost: readonly BlockPlace[]): void {
    const { access, members, blocks, herald, purging } = this.#host
    for (const place of lost) {
      if (place.segment === MANIFEST_SEGMENT) blocks.failed(place.block)
      else if (members.get(session.peer)?.session === session) this.#delivery?.swarm.lost(session.peer, place.segment, place.block)
    }
    herald.left(session)
    access.left(session)
    purging.left(session)
    this.#gone(session)
  }

  #gone (session: Session): void {
    const { members, stats } = this.#host
    const left = members.leave(session)
    if (left === undefined || left.change === 'none') return
    const { member, change } = left
    stats.wasted += session.stats.wasted
    this.#delivery?.swarm.peerLeft(member.peer)
    if (change === 'moved') this.#enter(member)
    this.#delivery?.schedule()
  }

  choked (session: Session, choked: boolean): void {
    const member = this.#host.members.by(session)
    if (member === undefined) return
    member.conduct.refusing = choked
    this.#delivery?.swarm.peerChoked(session.peer, choked)
    this.#delivery?.schedule()
  }

  fetching (session: Session, segment: number): void {
    if (this.#host.members.by(session) === undefined) return
    if (this.#delivery?.swarm.peerFetching(session.peer, segment) === true) this.#delivery.schedule()
  }

  stalled (session: Session): void {
    const member = this.#host.members.by(session)
    if (member === undefined) return
    member.conduct.stalled = true
    this.#delivery?.swarm.stalled(session.peer)
    this.#delivery?.schedule()
  }

  /** @throws ManifestError when it is bad: the giver's fault */
  async head (session: Session, head: Uint8Array): Promise<void> {
    await this.#host.source.heard(session, head)
  }

  block (session: Session, place: BlockPlace, block: VerifiedBlock): void {
    this.#exchanged(session, true)
    if (place.segment === MANIFEST_SEGMENT) this.#host.source.arrived(place.block, block)
    else this.#delivery?.arrived(place.segment, place.block, block, { kind: 'peer', peer: session.peer, route: routeOf(session.transport) })
  }

  refused (session: Session, place: BlockPlace, reason: string): void {
    const { members, blocks, shared } = this.#host
    if (place.segment === MANIFEST_SEGMENT) {
      blocks.failed(place.block)
      return
    }
    const member = members.by(session)
    if (member !== undefined && reason !== 'not-found') member.conduct.refusing = true
    if (reason === 'not-found' && member?.have.has(place.segment, place.block) === true) shared.unfounded(session)
    this.#delivery?.swarm.refused(session.peer, place.segment, place.block, reason)
    this.#delivery?.schedule()
  }

  sent (session: Session, bytes: number): void {
    this.#host.stats.uploaded += bytes
    this.#exchanged(session, false)
  }

  /** Bytes can come from it now, or later for want of a better way. */
  #enter (member: Member): void {
    const { components: { clock }, alarm } = this.#host.shared
    if (member.ready) this.#delivery?.swarm.peerJoined(member.peer, member.have, member.session.pushes)
    if (member.ready || member.session.limited) return
    const at = clock.now() + RELAY_PATIENCE_MS
    this.#relayed.set(member, at)
    alarm.soonest(this.#settle, at)
  }

  /** No better way than a relay was found. */
  #settled (): void {
    const { members, blocks, shared: { components: { clock }, alarm } } = this.#host
    for (const [member, at] of this.#relayed) {
      const over = members.get(member.peer) !== member || member.ready || member.session.limited
      if (!over && at > clock.now()) {
        alarm.soonest(this.#settle, at)
        continue
      }
      this.#relayed.delete(member)
      if (over) continue
      member.ready = true
      this.#delivery?.swarm.peerJoined(member.peer, member.have, member.session.pushes)
      if (member.conduct.refusing) this.#delivery?.swarm.peerChoked(member.peer, true)
      blocks.poke()
      this.#delivery?.schedule()
    }
  }

  get #delivery (): Delivery | undefined {
    return this.#host.delivery()
  }

  #exchanged (session: Session, came: boolean): void {
    const { members, shared } = this.#host
    members.by(session)?.conduct.exchanged(shared.components.clock.now(), came)
  }
}
