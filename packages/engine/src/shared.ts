import type { PeerName, PeerProfile, PenaltyReason, Session, Sharing, SwarmId } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import type { Gates } from './gate.js'
import type { Holdings } from './holdings.js'
import type { Affordable } from './mode.js'
import type { PeerManager } from './peer-manager.js'
import type { Spread } from './spread.js'
import type { EngineComponents, EngineInit } from './types.js'

/** What the contents of a node share. */
export interface Shared {
  readonly init: EngineInit
  readonly components: EngineComponents
  readonly alarm: Alarm
  readonly holdings: Holdings
  readonly peerManager: PeerManager
  readonly spread: Spread
  readonly profile: () => PeerProfile
  /** The limits of what the node gives leave something. */
  readonly gives: () => boolean
  /** Somebody waits for bytes, here or elsewhere. */
  readonly busy: () => boolean
  /** What the device can afford to share, if anybody watches it, and what the user allows. */
  readonly sharing: () => { readonly device: Affordable | undefined, readonly user: Sharing }
  readonly penalise: (peer: PeerName, reason: PenaltyReason, detail: string) => void
  /** Which of these digests, in hex, some open content lists that holds their blocks and may. */
  readonly listed: (digests: ReadonlySet<string>) => Promise<Set<string>>
  /** The peer does not have a block that it says it holds. */
  readonly unfounded: (session: Session) => void
  /** Those who judge tokens: loaded when a content first asks for one. */
  readonly tenants: () => Promise<Gates>
  readonly closed: (swarm: SwarmId) => void
}
