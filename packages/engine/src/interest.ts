import type { BoundedMap } from '@shoal/base'
import type { Locality, PeerName, Session, SwarmCell, SwarmId } from '@shoal/interface'
import type { Candidates } from './candidates.js'

/** The neighbours of one content, as its driver knows them. */
export interface Circle {
  /** Peers of the swarm with a session that bytes can come over. */
  readonly direct: ReadonlySet<PeerName>
  /** Somebody reads or completes the content. @default false */
  readonly active?: boolean
  /** Nothing more is needed here, nor will be: only those who lack something are worth a connection. @default false */
  readonly whole?: boolean
  /** How many of them are useful, as of the last `review`. */
  readonly useful: number
  /** Judges them anew; returns those that have long been useless, the worst first. */
  review (now: number): readonly PeerName[]
  /** A session to a peer that is likely in the swarm: say hello there. */
  greet (session: Session): void
  /** Leave the swarm on this peer's sessions, to make room for another. */
  part (peer: PeerName): void
}

/** What the peer manager keeps of one swarm. */
export interface Interest {
  readonly swarm: SwarmId
  readonly circle: Circle
  readonly candidates: Candidates
  /** Peers that left or were left, and how long they are not dialled. */
  readonly away: BoundedMap<PeerName, number>
  readonly abort: AbortController
  /** How the swarm is divided, and where we are, as of now. */
  readonly cell: () => SwarmCell
  readonly locality: () => Locality | undefined
  readonly swarmSize: () => number
  /** The last lookup was for our cell. */
  soughtCell: boolean
  findPause: number
  nextFind: number
  finding: boolean
  nextReview: number
  failedDials: number
  lastFailure: string
  /** Since when the swarm is looked for, and until when peers that were named may come in. */
  readonly since: number
  expected: number
}
