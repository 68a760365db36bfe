/** What a topic is for: announcements of a swarm or of one of its cells, heads of a live content, purges. */
type TopicKind = 'swarm' | 'head' | 'purge'

/** One topic's part of a peer's score (gossipsub v1.1, "Topic Parameter Calculation and Decay"). */
interface TopicScore {
  readonly topicWeight: number
  readonly timeInMeshWeight: number
  readonly timeInMeshQuantum: number
  readonly timeInMeshCap: number
  readonly firstMessageDeliveriesWeight: number
  readonly firstMessageDeliveriesDecay: number
  readonly firstMessageDeliveriesCap: number
  readonly meshMessageDeliveriesWeight: number
  readonly meshMessageDeliveriesDecay: number
  readonly meshMessageDeliveriesCap: number
  readonly meshMessageDeliveriesThreshold: number
  readonly meshMessageDeliveriesWindow: number
  readonly meshMessageDeliveriesActivation: number
  readonly meshFailurePenaltyWeight: number
  readonly meshFailurePenaltyDecay: number
  readonly invalidMessageDeliveriesWeight: number
  readonly invalidMessageDeliveriesDecay: number
}

/** What of gossipsub's bookkeeping decides which topics count. */
export interface Scores {
  readonly params: { readonly topics: Record<string, TopicScore> }
  readonly peerStats: ReadonlyMap<string, { readonly topics: Record<string, unknown> }>
}

/**
 * - What a peer does well counts little: a point for an hour in the mesh, two for being first. It only breaks ties, and lets a single bad
 *   message pass.
 * - A peer that brings little is not at fault (P3, P3b are off): in a swarm of two, and in one that has nothing to say, nobody brings
 *   anything.
 * - What was refused counts squared and fades by half in four minutes (P4): of announcements the third costs the mesh, the fourth gossip,
 *   the ninth everything. Only a publisher's node may speak of its heads and purges, and each costs the check of a signature: the
 *   fifth is one too many.
 */
const COMMON = {
  topicWeight: 1,
  timeInMeshWeight: 1 / 3600,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 3600,
  firstMessageDeliveriesWeight: 0.1,
  firstMessageDeliveriesDecay: 0.99,
  firstMessageDeliveriesCap: 20,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 0,
  meshMessageDeliveriesActivation: 1000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesDecay: 0.997
}

const ANNOUNCED: TopicScore = { ...COMMON, invalidMessageDeliveriesWeight: -1 }
const PUBLISHED: TopicScore = { ...COMMON, invalidMessageDeliveriesWeight: -4 }

/**
 * The rest of the score. A peer that says what it has and then does not give it, or comes back before it may (P7), is forgiven six times in
 * a few seconds: a page in the background does that. Peers behind one address are not punished for it (P6).
 */
export const SCORE_PARAMS = {
  IPColocationFactorWeight: 0,
  behaviourPenaltyWeight: -1,
  behaviourPenaltyThreshold: 6,
  behaviourPenaltyDecay: 0.95,
  decayInterval: 1000,
  retainScore: 3_600_000
}

/** Below `gossipThreshold` a peer is told of nothing, below `graylistThreshold` it is not heard. A mesh of newcomers is as good as any. */
export const SCORE_THRESHOLDS = { gossipThreshold: -10, publishThreshold: -50, graylistThreshold: -80, opportunisticGraftThreshold: 0 }

/**
 * From now on what peers bring in this topic counts. gossipsub takes topics' parameters when it is made, but swarms come and go: in a topic
 * without parameters nothing is held against anybody.
 */
export function score (scores: Scores | undefined, topic: string, kind: TopicKind): void {
  if (scores !== undefined) scores.params.topics[topic] = kind === 'swarm' ? ANNOUNCED : PUBLISHED
}

/** The topic is left. gossipsub would fail on a peer that still has counts of a topic without parameters. */
export function forgetScore (scores: Scores | undefined, topic: string): void {
  if (scores === undefined) return
  for (const { topics } of scores.peerStats.values()) Reflect.deleteProperty(topics, topic)
  Reflect.deleteProperty(scores.params.topics, topic)
}
