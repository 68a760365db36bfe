import { electionRank, electionSeed } from '@shoal/swarm'
import type { Duty, SwarmId } from '@shoal/interface'
import { SURPLUS_COPIES } from './defaults.js'
import type { Delivery } from './delivery.js'
import type { Members } from './members.js'
import type { Replicator } from './replicator.js'
import type { Shared } from './shared.js'
import type { Emit } from './types.js'

export interface CopiesHost {
  readonly swarm: SwarmId
  readonly members: Members
  readonly shared: Shared
  readonly duty: () => Duty
  readonly swarmSize: () => number
  readonly emit: Emit
}

/** Brings in the replicator of a content, for the few nodes that ever need it: those with caching duty, and those whose store is full. */
export class Copies {
  readonly #host: CopiesHost
  #replicator: Replicator | undefined
  #closed = false

  constructor (host: CopiesHost) {
    this.#host = host
  }

  /** Known copies of the rarest segment; `undefined` where nobody looks after them. */
  get known (): number | undefined {
    return this.#replicator?.copies
  }

  /** A live content's segments are gone before copies are worth their while. */
  async keep (delivery: Delivery | undefined): Promise<void> {
    if (delivery === undefined || delivery.manifest.summary.live !== undefined) return
    const { Replicator } = await import('./replicator.js')
    if (this.#closed || this.#replicator !== undefined) return
    const { swarm, members, shared, emit, duty, swarmSize } = this.#host
    this.#replicator = new Replicator({
      delivery,
      members,
      shared,
      target: delivery.manifest.policy.replication ?? shared.init.replication ?? SURPLUS_COPIES,
      duty,
      swarmSize,
      seed: peer => electionSeed(swarm, peer),
      rank: electionRank,
      onerror: error => { emit('error', { error, doing: 'looking after copies' }) }
    })
  }

  close (): void {
    this.#closed = true
    this.#replicator?.close()
  }
}
