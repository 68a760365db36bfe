/**
 * One content's engine: which block to ask of whom, when to ask the origin, and when to change one's mind. A pure state machine: it holds
 * no socket and no timer and draws its randomness from what it is given, so the simulator runs the very code that a node runs.
 *
 * A *want* is a stretch of blocks of a segment with a deadline, or without one (bulk). Each decision goes by time to deadline: *urgent*
 * (what peers will not deliver in time goes to a faster peer or to the origin), *near* (peers, in order of deadline), *far* and bulk
 * (rarest first), then the endgame. What no connected peer has is fetched from the origin by one peer of the swarm, by election; the others
 * wait as long as their deadlines allow.
 *
 * ```ts
 * const swarm = createSwarm({ self, mode: 'hybrid', swarm: id }, components)
 * swarm.peerJoined(peer, have)
 * swarm.want({ segment: 0, first: 0, end: 16, deadline: clock.now() + 4000 })
 * const { actions, wakeAt } = swarm.decide()   // carry them out; decide again after events, and at wakeAt
 * ```
 *
 * @packageDocumentation
 */

import { SwarmMachine } from './swarm.js'
import type { Swarm, SwarmComponents, SwarmInit } from './types.js'

export { electionRank, electionSeed } from './election.js'
export type { Want, PeerLink, OriginLink, SwarmAction, Decision, SwarmInit, SwarmComponents, Swarm } from './types.js'

/** One swarm's state machine. Holds nothing that needs closing. */
export function createSwarm (init: SwarmInit, components: SwarmComponents): Swarm {
  return new SwarmMachine(init, components)
}
