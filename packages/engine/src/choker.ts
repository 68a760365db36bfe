import type { Clock } from '@shoal/base'
import type { PeerName } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import { CHOKE_INTERVAL_MS, SLOT_IDLE_MS, SLOT_TURN_MS } from './defaults.js'

/** A peer that asks for blocks. */
export interface UploadCandidate {
  readonly peer: PeerName
  /** It has a slot; otherwise it waits for one. */
  readonly served: boolean
  /** When its turn, or its waiting, began. */
  readonly since: number
}

/** Who gets a slot, the first before the others. Pure; asked whenever somebody comes, goes, or has waited a while. */
export type ChokePolicy = (candidates: readonly UploadCandidate[], now: number) => readonly UploadCandidate[]

/** Everybody in turn: first those whose turn is not over, then whoever waits longest; whoever was served longest makes room first. */
export const inTurns: ChokePolicy = (candidates, now) => {
  const group = ({ served, since }: UploadCandidate): number => !served ? 1 : now - since < SLOT_TURN_MS ? 0 : 2
  return candidates.toSorted((a, b) => group(a) - group(b) || (group(a) === 2 ? b.since - a.since : a.since - b.since))
}

interface Entry {
  readonly peer: PeerName
  served: boolean
  since: number
  /** Its last request, or block. */
  used: number
}

export interface ChokerInit {
  readonly slots: number
  readonly policy: ChokePolicy
  readonly clock: Clock
  readonly alarm: Alarm
  /** To be told to the peer. */
  readonly changed: (peer: PeerName, choked: boolean) => void
}

/** The slots of a node: gives one to whoever asks while there are any, and keeps to the policy's order when there are not enough. */
export class Choker {
  readonly #init: ChokerInit
  readonly #entries = new Map<PeerName, Entry>()
  readonly #work = (): void => { this.#decide() }

  constructor (init: ChokerInit) {
    this.#init = init
  }

  /** A request of this peer came in: has it no slot? */
  choked (peer: PeerName): boolean {
    const { slots, clock } = this.#init
    const now = clock.now()
    let entry = this.#entries.get(peer)
    if (entry === undefined) {
      // whoever comes never pushes in: others may wait already
      entry = { peer, served: this.#entries.size < slots, since: now, used: now }
      this.#entries.set(peer, entry)
      if (!entry.served && slots > 0) this.#decide()
    }
    entry.used = now
    return !entry.served
  }

  /** A block goes to it. */
  used (peer: PeerName): void {
    const entry = this.#entries.get(peer)
    if (entry !== undefined) entry.used = this.#init.clock.now()
  }

  gone (peer: PeerName): void {
    if (this.#entries.delete(peer)) this.#decide()
  }

  #decide (): void {
    const { slots, policy, clock, alarm, changed } = this.#init
    const now = clock.now()
    for (const { peer, served, used } of this.#entries.values()) if (served && now - used > SLOT_IDLE_MS) this.#entries.delete(peer)
    const chosen = new Set<UploadCandidate>(policy([...this.#entries.values()], now).slice(0, slots))
    for (const entry of this.#entries.values()) {
      if (entry.served === chosen.has(entry)) continue
      entry.served = !entry.served
      entry.since = entry.used = now
      changed(entry.peer, !entry.served)
    }
    if (this.#entries.size > chosen.size) alarm.soonest(this.#work, now + CHOKE_INTERVAL_MS)
  }
}
