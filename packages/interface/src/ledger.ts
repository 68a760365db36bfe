import type { PeerName, SwarmId } from './block.js'

/** What a node remembers of a peer: all of it seen by itself. Bytes are those of verified blocks. */
export interface LedgerEntry {
  readonly peer: PeerName
  /** From −100, shut out, over 0, nothing known, towards 100. */
  readonly score: number
  /** Bytes that it gave and got, ever. */
  readonly received: number
  readonly sent: number
  /** Blocks that it gave. */
  readonly useful: number
  /** Bytes that came from it for nothing. */
  readonly wasted: number
  /** Blocks that were not what they were asked for as. */
  readonly corrupt: number
  /** Bytes given, by their worth, and taken, halved every ten minutes: what its share of a contended upload goes by. */
  readonly given: number
  readonly taken: number
  /** Mean time from a request to its block, ms; 0 before the first. */
  readonly latency: number
  /** Sum of its penalties, halved every ten minutes. */
  readonly penalty: number
  /** When it may come back, ms since 1970; `undefined` unless it is shut out. */
  readonly bannedUntil: number | undefined
  /** The same bytes by swarm, the latest first. */
  readonly swarms: readonly { readonly swarm: SwarmId, readonly received: number, readonly sent: number }[]
}

/** How a node's upload stands. */
export interface UploadStatus {
  /** Bytes per second to all peers together as set, and as it is now, after back-off and the monthly cap; `Infinity` without a limit. */
  readonly rate: number
  readonly rateNow: number
  readonly slots: number
  /** Bytes given in this calendar month (UTC), and how many may be. */
  readonly month: number
  readonly monthly: number
  /** Makes room for other traffic. */
  readonly yield: boolean
}
