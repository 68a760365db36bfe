import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '@shoal/base'
import type { ConnectionFault, ConnectionsRefusedDetail } from '@shoal/interface'
import { PREFIXES_COUNTED, REFUSALS_EVERY_MS } from './defaults.js'
import { prefixOf } from './prefix.js'

/** Is told of each connection that is refused, and where its other end is. */
export type Refused = (reason: ConnectionFault, addr: Multiaddr) => void

interface Tally {
  count: number
  /** Refused of each network. */
  readonly from: Map<string, number>
}

/**
 * Connections that are refused, told without a flood of events: of the first at once, then at most every ten seconds for each reason of
 * all that came since.
 */
export class Refusals {
  readonly #clock: Clock
  readonly #tell: (detail: ConnectionsRefusedDetail) => void
  /** By the reasons of which was told within the last ten seconds: what came since. */
  readonly #tallies = new Map<ConnectionFault, Tally>()
  readonly #timers = new Map<ConnectionFault, () => void>()

  constructor (clock: Clock, tell: (detail: ConnectionsRefusedDetail) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  readonly refused: Refused = (reason, addr) => {
    const tally = this.#tallies.get(reason) ?? { count: 0, from: new Map<string, number>() }
    tally.count++
    const prefix = prefixOf(addr)
    if (tally.from.has(prefix) || tally.from.size < PREFIXES_COUNTED) tally.from.set(prefix, (tally.from.get(prefix) ?? 0) + 1)
    this.#tallies.set(reason, tally)
    if (!this.#timers.has(reason)) this.#report(reason)
  }

  stop (): void {
    for (const cancel of this.#timers.values()) cancel()
  }

  #report (reason: ConnectionFault): void {
    const tally = this.#tallies.get(reason)
    this.#tallies.delete(reason)
    this.#timers.delete(reason)
    if (tally === undefined) return
    this.#timers.set(reason, this.#clock.after(REFUSALS_EVERY_MS, () => { this.#report(reason) }))
    const [[from] = ['']] = [...tally.from].toSorted(([, a], [, b]) => b - a)
    this.#tell({ reason, count: tally.count, from })
  }
}
