import type { Clock, Random } from '@shoal/base'
import type { SwarmId } from '@shoal/interface'
import {
  PROVIDE_TIMEOUT_MS, REPROVIDE_GAP_MS, REPROVIDE_INTERVAL_MS, REPROVIDE_MAX_MS, RETRY_MAX_MS, RETRY_MIN_MS, WAIT_MAX_MS,
  WAIT_MIN_MS
} from './defaults.js'
import type { RoutingEvent } from './types.js'

export interface ProviderComponents {
  readonly clock: Clock
  readonly random: Random
  /** Tells the DHT; resolves with the number of nodes that took the record. */
  readonly tell: (signal: AbortSignal) => Promise<number>
  /** Swarms that this node provides, all together. */
  readonly swarms: () => number
  /** A DHT node is known that could be told. */
  readonly known: () => boolean
  /** There is an address to be found at. */
  readonly addressed: () => boolean
  /** Takes the record here, where this node serves the DHT. */
  readonly keep?: ((signal: AbortSignal) => Promise<void>) | undefined
  readonly emit: (event: RoutingEvent) => void
}

/** Longest time in ms between two renewals of a record, for a node that provides so many swarms: each costs a lookup. */
export function reprovideInterval (swarms: number): number {
  return Math.min(REPROVIDE_MAX_MS, Math.max(REPROVIDE_INTERVAL_MS, swarms * REPROVIDE_GAP_MS))
}

/** Keeps the record of one swarm alive: told until somebody took it, told again before it expires. */
export class Provider {
  readonly #swarm: SwarmId
  readonly #components: ProviderComponents
  readonly #abort = new AbortController()
  #cancelTimer = (): void => {}
  #failures = 0
  #waits = 0
  #reason: string | undefined
  /** When our own copy is to be renewed, ms on the clock. */
  #keepAt = -Infinity

  constructor (swarm: SwarmId, components: ProviderComponents) {
    this.#swarm = swarm
    this.#components = components
  }

  start (): void {
    this.#in(0)
  }

  stop (): void {
    this.#cancelTimer()
    this.#abort.abort()
  }

  #in (ms: number): void {
    if (!this.#abort.signal.aborted) this.#cancelTimer = this.#components.clock.after(ms, () => { void this.#try() })
  }

  async #try (): Promise<void> {
    const { clock, random, emit, known, addressed } = this.#components
    const obstacle = !known() ? 'no DHT node is known' : !addressed() ? 'this node has no address to be found at' : undefined
    if (obstacle !== undefined) {
      const failure = addressed() ? await this.#keep() : undefined
      if (this.#abort.signal.aborted) return
      this.#missed(failure ?? obstacle, Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** this.#waits++))
      return
    }
    this.#waits = 0
    const timeout = new AbortController()
    const cancel = clock.after(PROVIDE_TIMEOUT_MS, () => { timeout.abort(new Error(`no end within ${PROVIDE_TIMEOUT_MS / 1000} s`)) })
    let nodes = 0
    let reason = 'no DHT node took the record'
    try {
      nodes = await this.#components.tell(AbortSignal.any([timeout.signal, this.#abort.signal]))
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error)
    } finally {
      cancel()
    }
    if (this.#abort.signal.aborted) return
    if (nodes === 0) {
      // jitter, so that those who lost the same DHT node do not come back as one
      const retryMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#failures++) * (0.5 + random() / 2)
      this.#missed(reason, retryMs)
      return
    }
    this.#failures = 0
    this.#reason = undefined
    emit({ type: 'provided', swarm: this.#swarm, nodes })
    this.#in(reprovideInterval(this.#components.swarms()) * (0.8 + 0.2 * random()))
  }

  /** The first server of all knows no other, and is asked all the same. Resolves with why it has no record of its own, if it has none. */
  async #keep (): Promise<string | undefined> {
    const { clock, keep, swarms } = this.#components
    if (keep === undefined || clock.now() < this.#keepAt) return undefined
    try {
      await keep(this.#abort.signal)
    } catch (error) {
      return `keeping our own record: ${(error as Error).message}`
    }
    this.#keepAt = clock.now() + reprovideInterval(swarms())
    return undefined
  }

  #missed (reason: string, retryMs: number): void {
    if (reason !== this.#reason) this.#components.emit({ type: 'provide-failed', swarm: this.#swarm, reason, retryMs })
    this.#reason = reason
    this.#in(retryMs)
  }
}
