import type { HaveMap, PeerName, Session } from '@shoal/interface'
import type { Circle } from './interest.js'
import type { Members } from './members.js'

export interface NeighbourhoodHost {
  readonly members: Members
  /** What we hold; `undefined` while nobody can be judged by it, or where everybody may have something next. */
  readonly ours: () => HaveMap | undefined
  /** Segments of the content, 0 while that is not known. */
  readonly segments: () => number
  readonly active: () => boolean
  readonly greet: (session: Session) => void
  readonly part: (session: Session) => void
}

/** The members of one swarm as the peer manager sees them: how many, and which of them are worth their connection. */
export class Neighbourhood implements Circle {
  readonly #host: NeighbourhoodHost

  constructor (host: NeighbourhoodHost) {
    this.#host = host
  }

  get members (): ReadonlySet<PeerName> {
    return this.#host.members.peers
  }

  get direct (): ReadonlySet<PeerName> {
    return this.#host.members.direct
  }

  get active (): boolean {
    return this.#host.active()
  }

  get whole (): boolean {
    const segments = this.#host.segments()
    return segments > 0 && (this.#host.ours()?.completeSegments ?? 0) >= segments
  }

  get useful (): number {
    let useful = 0
    for (const { ready, conduct } of this.#host.members) if (ready && conduct.uselessSince === undefined) useful++
    return useful
  }

  review (now: number): PeerName[] {
    const [ours, segments] = [this.#host.ours(), this.#host.segments()]
    const hopeless = []
    for (const { peer, ready, have, conduct } of this.#host.members) {
      if (!ready || conduct.judge(have, ours, segments, now) || !conduct.hopeless(now)) continue
      hopeless.push({ peer, since: conduct.uselessSince ?? now })
    }
    return hopeless.sort((a, b) => a.since - b.since).map(({ peer }) => peer)
  }

  part (peer: PeerName): void {
    for (const session of [...this.#host.members.get(peer)?.sessions ?? []]) this.#host.part(session)
  }

  greet (session: Session): void {
    this.#host.greet(session)
  }
}
