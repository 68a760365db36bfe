import type { SwarmCell, SwarmId } from '@shoal/interface'
import { PROVIDE_REVIEW_MS } from './defaults.js'
import { inSample } from './pace.js'
import type { Shared } from './shared.js'

export interface ProvisionHost {
  readonly swarm: SwarmId
  readonly shared: Shared
  /** Whether we let ourselves be found. */
  readonly gives: () => boolean
  readonly swarmSize: () => number
  readonly cell: () => SwarmCell
}

/**
 * Where one swarm's peers find us in the DHT: all of a small swarm, a sample of a large one, and a sample of each of its cells. Looked at
 * every minute, because those who were in the sample leave.
 */
export class Provision {
  readonly #host: ProvisionHost
  /** Decide once, not at every look, whether we are in the samples. */
  readonly #draw: number
  readonly #cellDraw: number
  readonly #provided = new Set<SwarmId>()
  readonly #work = (): void => { this.look() }

  constructor (host: ProvisionHost) {
    const { random } = host.shared.components
    this.#host = host
    this.#draw = random()
    this.#cellDraw = random()
  }

  /** There is something to be had here. */
  look (): void {
    const { swarm, shared: { alarm, components: { clock, routing } }, gives, swarmSize, cell } = this.#host
    const wanted = new Set<SwarmId>()
    if (gives()) {
      const { rendezvous, size } = cell()
      if (inSample(this.#draw, swarmSize(), this.#provided.has(swarm))) wanted.add(swarm)
      if (rendezvous !== swarm && inSample(this.#cellDraw, size, this.#provided.has(rendezvous))) wanted.add(rendezvous)
    }
    alarm.set(this.#work, clock.now() + PROVIDE_REVIEW_MS)
    for (const one of this.#provided) if (!wanted.has(one)) this.#drop(one)
    for (const one of wanted) {
      if (this.#provided.has(one)) continue
      this.#provided.add(one)
      routing.provide(one)
    }
  }

  stop (): void {
    this.#host.shared.alarm.set(this.#work, undefined)
    for (const one of this.#provided) this.#drop(one)
  }

  #drop (swarm: SwarmId): void {
    this.#provided.delete(swarm)
    this.#host.shared.components.routing.unprovide(swarm)
  }
}
