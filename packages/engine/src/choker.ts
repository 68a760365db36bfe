import type { Clock } from '@shoal/base'
import type { PeerName } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import { CHOKE_INTERVAL_MS, SLOT_IDLE_MS } from './defaults.js'
import { unchoke, type Asker } from './unchoke.js'

/** What the choker wants to know of a peer. */
export interface Standing extends Pick<Asker, 'claim' | 'fresh' | 'weak'> {
  /** The part of what it alone gets that it passes on, 0 to 1: its claim where nobody gave anything. */
  readonly passes: number
  /** Where it is, if that can be told: what nobody earned is divided by hosts, so that several names gain nothing. */
  readonly host: string | undefined
}

interface Entry extends Asker {
  served: boolean
  since: number
  optimistic: boolean
  pass: number
  claim: number
  fresh: boolean
  weak: boolean
  host: string | undefined
  /** Its last request, or block. */
  used: number
  /** Of a contended rate; all together 1. */
  share: number
}

export interface ChokerInit {
  readonly slots: number
  readonly clock: Clock
  readonly alarm: Alarm
  readonly standing: (peer: PeerName) => Standing
  /** More is asked for than the rate allows. */
  readonly contended: () => boolean
  /** Part of a contended rate that is divided equally, whoever gave what. */
  readonly openShare: () => number
  /** To be told to the peer. */
  readonly changed: (peer: PeerName, choked: boolean) => void
}

/** The slots of a node: gives one to whoever asks while there is room for all, and keeps to the policy (`unchoke`) when there is not. */
export class Choker {
  readonly #init: ChokerInit
  readonly #entries = new Map<PeerName, Entry>()
  readonly #work = (): void => { this.#decide() }
  #slots: number
  #decidedAt = -Infinity

  constructor (init: ChokerInit) {
    this.#init = init
    this.#slots = init.slots
  }

  get slots (): number {
    return this.#slots
  }

  /** At 0 nobody has one. */
  set slots (slots: number) {
    this.#slots = slots
    this.#decide()
  }

  /** Somebody has to wait. */
  get waiting (): boolean {
    for (const { served } of this.#entries.values()) if (!served) return true
    return false
  }

  /** A request of this peer came in: has it no slot? */
  choked (peer: PeerName): boolean {
    const { clock, contended } = this.#init
    const now = clock.now()
    let entry = this.#entries.get(peer)
    if (entry === undefined) {
      // whoever comes never pushes in: others may wait already
      const served = this.#entries.size < this.#slots && !contended()
      const pass = this.#leastPass()
      entry = {
        peer, served, since: now, optimistic: false, pass, claim: 0, fresh: true, weak: false, host: undefined, used: now, share: 0
      }
      this.#entries.set(peer, entry)
      if (!served && this.#slots > 0) this.#decide()
    }
    entry.used = now
    return !entry.served
  }

  /** A block goes to it. */
  used (peer: PeerName, now: number): void {
    const entry = this.#entries.get(peer)
    if (entry !== undefined) entry.used = now
  }

  /** Its part of a rate that is not enough for all: of those served, all together 1. Those without a slot, who get manifests, come last. */
  share (peer: PeerName): number {
    if (this.#init.clock.now() - this.#decidedAt >= CHOKE_INTERVAL_MS) this.#decide()
    return Math.max(this.#entries.get(peer)?.share ?? 0, LEAST_SHARE)
  }

  gone (peer: PeerName): void {
    if (this.#entries.delete(peer)) this.#decide()
  }

  #decide (): void {
    const { clock, alarm, standing, contended, changed } = this.#init
    const now = clock.now()
    for (const { peer, served, used } of this.#entries.values()) if (served && now - used > SLOT_IDLE_MS) this.#entries.delete(peer)
    this.#assess(standing)
    this.#account(now)
    const { regular, optimistic } = unchoke([...this.#entries.values()], this.#slots, contended(), now)
    const hopeful = new Set(optimistic)
    const chosen = new Set([...regular, ...optimistic])
    for (const entry of this.#entries.values()) {
      const served = chosen.has(entry)
      if (entry.served !== served || entry.optimistic !== hopeful.has(entry)) entry.since = now
      entry.optimistic = hopeful.has(entry)
      if (entry.served === served) continue
      entry.served = served
      entry.used = now
      changed(entry.peer, !served)
    }
    this.#divide()
    if (this.#entries.size > chosen.size) alarm.soonest(this.#work, now + CHOKE_INTERVAL_MS)
  }

  #assess (standing: ChokerInit['standing']): void {
    const given = [...this.#entries.values()].map(entry => ({ entry, standing: standing(entry.peer) }))
    const seeding = given.every(({ standing: { claim } }) => claim === 0)
    for (const { entry, standing } of given) entry.host = standing.host
    const names = namesByHost(this.#entries.values())
    const newcomers = new Set<string>()
    for (const { entry, standing: { claim, passes, fresh, weak } } of given) {
      const { peer, host = peer } = entry
      Object.assign(entry, { claim: seeding ? passes / (names.get(host) ?? 1) : claim, fresh: fresh && !newcomers.has(host), weak })
      if (fresh) newcomers.add(host)
    }
  }

  /** Slot time since the last decision, over each one's part of all claims. */
  #account (now: number): void {
    const ms = Math.min(now - this.#decidedAt, CHOKE_INTERVAL_MS)
    this.#decidedAt = now
    let claims = 0
    for (const { claim } of this.#entries.values()) claims += claim
    if (claims === 0) return
    for (const entry of this.#entries.values()) {
      if (entry.served && !entry.optimistic && entry.claim > 0) entry.pass += ms * claims / entry.claim
    }
  }

  #leastPass (): number {
    let least = Infinity
    for (const { pass } of this.#entries.values()) least = Math.min(least, pass)
    return least === Infinity ? 0 : least
  }

  /** Parts of the rate: one equally by hosts, so that whoever gave a little gets no less than who gave nothing, and the rest by claims. */
  #divide (): void {
    const served = [...this.#entries.values()].filter(entry => entry.served)
    const claims = served.reduce((sum, { claim }) => sum + claim, 0)
    const names = namesByHost(served)
    const equal = claims === 0 ? 1 : this.#init.openShare()
    for (const entry of this.#entries.values()) entry.share = 0
    for (const entry of served) {
      const { peer, host = peer, claim } = entry
      entry.share = equal / names.size / (names.get(host) ?? 1) + (claims === 0 ? 0 : (1 - equal) * claim / claims)
    }
  }
}

function namesByHost (entries: Iterable<Entry>): Map<string, number> {
  const names = new Map<string, number>()
  for (const { peer, host = peer } of entries) names.set(host, (names.get(host) ?? 0) + 1)
  return names
}

/** So that whoever is asked to wait, or came since the last decision, still moves. */
const LEAST_SHARE = 0.001
