import type { HaveDelta, HaveMap, Manifest, PeerHint, PeerName, Segment, Session, SwarmId } from '@shoal/interface'
import { Conduct } from './neighbour.js'
import { rankOf } from './route.js'
import type { HaveBounds } from './types.js'

/** A peer of one swarm, by all of its sessions on which it joined. */
export interface Member {
  readonly peer: PeerName
  /** The one that requests go over. The peer may have chosen another; what it says counts on each. */
  session: Session
  readonly sessions: Set<Session>
  have: HaveMap
  readonly conduct: Conduct
  /**
   * Bytes may go over `session`: always when that is a connection of our own; over a relay that carries content, once a better way has had
   * its chance.
   */
  ready: boolean
  /** We told it to wait for a slot. */
  choking: boolean
}

type CreateHaveMap = (bounds: HaveBounds | undefined) => HaveMap

export function boundsOf ({ summary: { segments, blocks, live } }: Manifest): HaveBounds {
  return live === undefined ? { segments, blocks } : { live: true }
}

/** The peers of one swarm that joined it on a session with us. */
export class Members {
  readonly #members = new Map<PeerName, Member>()
  readonly #createHaveMap: CreateHaveMap
  #bounds: HaveBounds | undefined
  /** Made anew when somebody came, left or moved, and asked for far more often. */
  #peers: ReadonlySet<PeerName> | undefined
  #direct: ReadonlySet<PeerName> | undefined

  /** @param bounds as far as they are known before the manifest is */
  constructor (createHaveMap: CreateHaveMap, bounds?: HaveBounds) {
    this.#createHaveMap = createHaveMap
    this.#bounds = bounds
  }

  get size (): number {
    return this.#members.size
  }

  get peers (): ReadonlySet<PeerName> {
    return this.#peers ??= new Set(this.#members.keys())
  }

  /** Those that we have a connection of our own to: whoever is reached through a relay is looked for on. */
  get direct (): ReadonlySet<PeerName> {
    return this.#direct ??= new Set([...this.#members.values()].filter(({ session }) => rankOf(session) === 2).map(({ peer }) => peer))
  }

  get (peer: PeerName): Member | undefined {
    return this.#members.get(peer)
  }

  [Symbol.iterator] (): IterableIterator<Member> {
    return this.#members.values()
  }

  /** The manifest is known now: maps held so far are cut to its bounds. */
  bound (manifest: Manifest): void {
    this.#bounds = boundsOf(manifest)
    for (const member of this.#members.values()) {
      const cut = this.#createHaveMap(this.#bounds)
      cut.apply(member.have.snapshot())
      member.have = cut
    }
  }

  /** These segments are no more: what anybody claims of them is forgotten. */
  forget (segments: readonly Segment[]): void {
    const dropped = segments.map(({ index }) => ({ start: index, count: 1 }))
    for (const { have } of this) have.apply({ complete: [], partial: [], dropped })
  }

  /** Somebody else than this peer says that it holds this block. */
  hold (segment: number, block: number, but: PeerName): boolean {
    for (const { peer, have } of this) if (peer !== but && have.has(segment, block)) return true
    return false
  }

  /** Tells a member that it has to wait for a slot, or has to no more. */
  choke (peer: PeerName, choked: boolean, swarm: SwarmId): void {
    const member = this.#members.get(peer)
    if (member === undefined || member.choking === choked) return
    member.choking = choked
    if (choked) member.session.choke(swarm)
    else member.session.unchoke(swarm)
  }

  /** They joined on this session. `change`: the member is new, or its requests go over this session from now on. */
  join (session: Session, snapshot: HaveDelta): { member: Member, change: 'new' | 'moved' | 'none', touched: number[] } {
    this.#peers = this.#direct = undefined
    const known = this.#members.get(session.peer)
    if (known === undefined) {
      const have = this.#createHaveMap(this.#bounds)
      const ready = rankOf(session) === 2
      const member: Member = {
        peer: session.peer, session, sessions: new Set([session]), have, conduct: new Conduct(), ready, choking: false
      }
      this.#members.set(session.peer, member)
      return { member, change: 'new', touched: member.have.apply(snapshot) }
    }
    known.sessions.add(session)
    const touched = known.have.apply(snapshot)
    if (!better(session, known.session)) return { member: known, change: 'none', touched }
    moveTo(known, session)
    return { member: known, change: 'moved', touched }
  }

  /** The member, when it joined on this session. */
  by (session: Session): Member | undefined {
    const member = this.#members.get(session.peer)
    return member?.sessions.has(session) === true ? member : undefined
  }

  /** It left on this session, or the session closed. `change`: nothing of it is left, or requests go over another session from now on. */
  leave (session: Session): { member: Member, change: 'gone' | 'moved' | 'none' } | undefined {
    const member = this.by(session)
    if (member === undefined) return undefined
    this.#peers = this.#direct = undefined
    member.sessions.delete(session)
    if (member.session !== session) return { member, change: 'none' }
    let next: Session | undefined
    for (const other of member.sessions) if (!other.closed && (next === undefined || better(other, next))) next = other
    if (next === undefined) {
      this.#members.delete(session.peer)
      return { member, change: 'gone' }
    }
    moveTo(member, next)
    return { member, change: 'moved' }
  }
}

/** Bytes should go over a direct connection; between two of them the one in use stays. */
function better (a: Session, b: Session): boolean {
  return b.closed || rankOf(a) > rankOf(b)
}

function moveTo (member: Member, session: Session): void {
  member.session = session
  member.ready = rankOf(session) === 2
  // a membership begins unchoked
  member.choking = false
}

/** The peer id at the end of a multiaddr, if it names one. */
function peerOf (addr: string): PeerName | undefined {
  return /\/p2p\/([^/]+)$/.exec(addr)?.[1]
}

/** Groups multiaddrs by the peer they lead to; those that name none are left out. */
export function hintsOf (addrs: readonly string[]): PeerHint[] {
  const hints = new Map<PeerName, string[]>()
  for (const addr of addrs) {
    const peer = peerOf(addr)
    if (peer !== undefined) hints.set(peer, [...hints.get(peer) ?? [], addr])
  }
  return [...hints].map(([peer, list]) => ({ peer, addrs: list }))
}
