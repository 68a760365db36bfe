/** What is known of a peer when it is judged. All of it this node saw itself. */
export interface PeerFacts {
  /** Verified bytes of worth that it gave, and bytes that it took, each halved every `HALF_LIFE_MS`. */
  readonly given: number
  readonly taken: number
  /** Verified bytes that it gave, and bytes that came from it for nothing, ever. */
  readonly received: number
  readonly wasted: number
  /** Mean time from a request to its block, ms; 0: not measured. */
  readonly latency: number
  /** Sum of its penalties, fading: 0, nothing against it, to 100. */
  readonly penalty: number
  readonly banned: boolean
}

/** What the weights move with. */
export interface Conditions {
  /** Share of the recent time in which more was asked for than could be sent, 0 to 1. */
  readonly congestion: number
  /** How well a content is provided for: 0 for one that nobody else has, towards 1 with the size of its swarm. */
  readonly popularity: number
  /** The peer is in the same network: its bytes cost nobody any transit. */
  readonly local: boolean
}

/** A peer's entry between two runs. Times in ms since 1970, bytes exact up to 2⁵³. */
export interface PeerRecord {
  readonly given: number
  readonly taken: number
  /** When `given`, `taken` and `penalty` were what they are. */
  readonly at: number
  readonly received: number
  readonly sent: number
  readonly wasted: number
  /** Blocks. */
  readonly useful: number
  readonly corrupt: number
  readonly latency: number
  readonly penalty: number
  /** 0: not banned. */
  readonly bannedUntil: number
  readonly swarms: readonly SwarmAccount[]
}

/** Verified bytes either way in one swarm. */
export interface SwarmAccount {
  /** 32 bytes as lower-case hex. */
  readonly swarm: string
  readonly received: number
  readonly sent: number
}
