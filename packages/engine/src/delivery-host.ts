import type { Mode, Origin, Overlay, SwarmId } from '@shoal/interface'
import type { Members } from './members.js'
import type { Shared } from './shared.js'
import type { SwarmStats } from './stats.js'
import type { Emit } from './types.js'
import type { Withheld } from './withheld.js'

/** What a delivery needs of the driver that made it. */
export interface DeliveryHost {
  readonly swarm: SwarmId
  readonly link: string
  readonly mode: Exclude<Mode, 'auto'>
  readonly overlay: Overlay
  readonly origin: Origin | undefined
  readonly members: Members
  readonly shared: Shared
  readonly stats: SwarmStats
  readonly emit: Emit
  /** What the publisher has purged. */
  readonly withheld: Withheld
  readonly swarmSize: () => number
  /** The have-map changed; `now`: worth telling at once. */
  readonly haveChanged: (now?: boolean) => void
}
