import type { Clock } from '@shoal/base'
import type { PeerName, PenaltyReason, SwarmId } from '@shoal/interface'
import {
  BAN_MS, BAN_SCORE, EVICT_SAMPLE, HALF_LIFE_MS, LATENCY_WEIGHT, PEERS_REMEMBERED, PENALTIES, STALLED_MAX_SCORE, SUSPECT_SCORE,
  SWARMS_PER_PEER_MEAN, TALLIES
} from './defaults.js'
import { Rows } from './rows.js'
import { SwarmAccounts } from './swarm-accounts.js'
import type { PeerFacts, PeerRecord } from './types.js'

// fields of 64 bits
const AT = 0
const RECEIVED = 1
const SENT = 2
const BANNED = 3
// fields of 32 bits: of sums that fade a ten-millionth more or less means nothing
const GIVEN = 0
const TAKEN = 1
const WASTED = 2
const USEFUL = 3
const CORRUPT = 4
const LATENCY = 5
const PENALTY = 6
const SWARMS = 7

const UNKNOWN: PeerFacts = { given: 0, taken: 0, received: 0, wasted: 0, latency: 0, penalty: 0, banned: false }

/**
 * What came and went in one swarm since it was last entered in the peer's row. A block costs no more than to count it here: whatever runs
 * once a block finds the processor's caches full of the block.
 */
interface Tally {
  /** When it began. */
  readonly at: number
  readonly swarm: SwarmId
  given: number
  received: number
  sent: number
  useful: number
  latency: number
}

/**
 * What this node saw of each peer: a row of numbers for each that gave, took or misbehaved. Every call is O(1); when there is no room, the
 * peer of which least is known goes. Nothing that a peer says is ever counted.
 */
export class Accounts {
  readonly #clock: Clock
  readonly #limit: number
  readonly #index = new Map<PeerName, number>()
  readonly #names: (PeerName | undefined)[] = []
  readonly #rows = new Rows(4, 8)
  readonly #swarms: SwarmAccounts
  /** Of those last met. */
  readonly #tallies = new Map<PeerName, Tally>()
  readonly #changed = new Set<PeerName>()
  /** Wall-clock time at 0 of the monotonic clock: entries are kept over restarts, and a clock that is set changes no run. */
  readonly #epoch: number
  /** Where the search for a row to give up goes on. */
  #hand = 0

  /** @param limit peers remembered. @default 10000 */
  constructor (clock: Clock, limit = PEERS_REMEMBERED) {
    this.#clock = clock
    this.#limit = limit
    this.#swarms = new SwarmAccounts(limit * SWARMS_PER_PEER_MEAN)
    this.#epoch = clock.wall() - clock.now()
  }

  get size (): number {
    return this.#index.size
  }

  /** A verified block came. @param worth what each byte counts for. @param ms from the request */
  received (peer: PeerName, swarm: SwarmId, bytes: number, worth: number, ms: number): void {
    const tally = this.#tally(peer, swarm)
    tally.given += bytes * worth
    tally.received += bytes
    tally.useful++
    tally.latency = tally.latency === 0 ? ms : tally.latency + LATENCY_WEIGHT * (ms - tally.latency)
  }

  /** Bytes of verified blocks went to the peer. */
  sent (peer: PeerName, swarm: SwarmId, bytes: number): void {
    this.#tally(peer, swarm).sent += bytes
  }

  /** Bytes came for nothing: cancelled too late, twice, or wrong. */
  wasted (peer: PeerName, bytes: number): void {
    if (bytes === 0) return
    const row = this.#touch(peer)
    this.#rows.addFloat(row, WASTED, bytes)
  }

  /** Counts a misdeed, and shuts the peer out when it was one too many. */
  penalise (peer: PeerName, reason: PenaltyReason): void {
    const row = this.#touch(peer)
    const rows = this.#rows
    if (reason === 'corrupt-block') rows.addFloat(row, CORRUPT, 1)
    const before = rows.float(row, PENALTY)
    const most = reason === 'stalled' ? Math.max(before, STALLED_MAX_SCORE) : Infinity
    const sum = Math.min(before + PENALTIES[reason], most)
    if (sum >= BAN_SCORE) rows.set(row, BANNED, this.#now() + BAN_MS)
    // starts anew when the ban is over
    rows.setFloat(row, PENALTY, sum >= BAN_SCORE ? 0 : sum)
  }

  banned (peer: PeerName): boolean {
    const row = this.#index.get(peer)
    return row !== undefined && this.#rows.get(row, BANNED) > this.#now()
  }

  /** Not banned, but others are to be preferred. */
  suspect (peer: PeerName): boolean {
    return this.facts(peer).penalty > SUSPECT_SCORE
  }

  /** Gave and took nothing yet: its first block is still to come. */
  fresh (peer: PeerName): boolean {
    const row = this.#settled(peer)
    return row === undefined || (this.#rows.get(row, SENT) === 0 && this.#rows.get(row, RECEIVED) === 0)
  }

  /** As of now. */
  facts (peer: PeerName): PeerFacts {
    const row = this.#settled(peer)
    if (row === undefined) return UNKNOWN
    const rows = this.#rows
    const left = this.#left(row, this.#now())
    return {
      given: rows.float(row, GIVEN) * left,
      taken: rows.float(row, TAKEN) * left,
      received: rows.get(row, RECEIVED),
      wasted: rows.float(row, WASTED),
      latency: rows.float(row, LATENCY),
      penalty: rows.float(row, PENALTY) * left,
      banned: rows.get(row, BANNED) > this.#now()
    }
  }

  get peers (): IterableIterator<PeerName> {
    return this.#index.keys()
  }

  record (peer: PeerName): PeerRecord | undefined {
    const row = this.#settled(peer)
    if (row === undefined) return undefined
    const rows = this.#rows
    return {
      given: rows.float(row, GIVEN),
      taken: rows.float(row, TAKEN),
      at: rows.get(row, AT),
      received: rows.get(row, RECEIVED),
      sent: rows.get(row, SENT),
      bannedUntil: rows.get(row, BANNED),
      wasted: rows.float(row, WASTED),
      useful: rows.float(row, USEFUL),
      corrupt: rows.float(row, CORRUPT),
      latency: rows.float(row, LATENCY),
      penalty: rows.float(row, PENALTY),
      swarms: this.#swarms.of(rows.float(row, SWARMS))
    }
  }

  /** Takes over what an earlier run knew of a peer that this one has not met. */
  restore (peer: PeerName, record: PeerRecord): void {
    if (this.#index.has(peer)) return
    const row = this.#add(peer)
    const rows = this.#rows
    rows.setFloat(row, GIVEN, record.given)
    rows.setFloat(row, TAKEN, record.taken)
    // a clock that was ahead then must not keep what is owed, or a ban, for longer
    rows.set(row, AT, Math.min(record.at, this.#now()))
    rows.set(row, RECEIVED, record.received)
    rows.set(row, SENT, record.sent)
    rows.set(row, BANNED, Math.min(record.bannedUntil, this.#now() + BAN_MS))
    rows.setFloat(row, WASTED, record.wasted)
    rows.setFloat(row, USEFUL, record.useful)
    rows.setFloat(row, CORRUPT, record.corrupt)
    rows.setFloat(row, LATENCY, record.latency)
    rows.setFloat(row, PENALTY, record.penalty)
    for (const { swarm, received, sent } of record.swarms.toReversed()) {
      rows.setFloat(row, SWARMS, this.#swarms.count(rows.float(row, SWARMS), swarm, received, sent))
    }
  }

  /** Something was not taken by `changes` yet. */
  get dirty (): boolean {
    return this.#changed.size > 0
  }

  /** Peers whose entry changed or went since the last call. */
  changes (): PeerName[] {
    for (const peer of [...this.#tallies.keys()]) this.#settled(peer)
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  /** They could not be written: once more. */
  unwritten (peers: Iterable<PeerName>): void {
    for (const peer of peers) this.#changed.add(peer)
  }

  #tally (peer: PeerName, swarm: SwarmId): Tally {
    const open = this.#tallies.get(peer)
    if (open?.swarm === swarm) return open
    this.#settled(peer)
    if (this.#tallies.size >= TALLIES) this.#settled(this.#tallies.keys().next().value as PeerName)
    const row = this.#index.get(peer) ?? this.#add(peer)
    this.#changed.add(peer)
    const tally = { at: this.#now(), swarm, given: 0, received: 0, sent: 0, useful: 0, latency: this.#rows.float(row, LATENCY) }
    this.#tallies.set(peer, tally)
    return tally
  }

  /** The row of a known peer, with all that was tallied. */
  #settled (peer: PeerName): number | undefined {
    const tally = this.#tallies.get(peer)
    if (tally === undefined) return this.#index.get(peer)
    this.#tallies.delete(peer)
    const row = this.#index.get(peer) as number
    const rows = this.#rows
    // as if all of it had come at its beginning, which is no longer ago than the last flush
    this.#fade(row, tally.at)
    rows.addFloat(row, GIVEN, tally.given)
    rows.addFloat(row, TAKEN, tally.sent)
    rows.add(row, RECEIVED, tally.received)
    rows.add(row, SENT, tally.sent)
    rows.addFloat(row, USEFUL, tally.useful)
    rows.setFloat(row, LATENCY, tally.latency)
    rows.setFloat(row, SWARMS, this.#swarms.count(rows.float(row, SWARMS), tally.swarm, tally.received, tally.sent))
    return row
  }

  #now (): number {
    return this.#epoch + this.#clock.now()
  }

  /** Brings a row's amounts forward to `at`, never back. */
  #fade (row: number, at: number): void {
    const rows = this.#rows
    if (at <= rows.get(row, AT)) return
    const left = this.#left(row, at)
    rows.setFloat(row, GIVEN, rows.float(row, GIVEN) * left)
    rows.setFloat(row, TAKEN, rows.float(row, TAKEN) * left)
    rows.setFloat(row, PENALTY, rows.float(row, PENALTY) * left)
    rows.set(row, AT, at)
  }

  /** What is left of an amount as of the row's time. */
  #left (row: number, at: number): number {
    const ms = at - this.#rows.get(row, AT)
    return ms <= 0 ? 1 : 0.5 ** (ms / HALF_LIFE_MS)
  }

  /** The row of a peer that something happened with, its amounts as of now. */
  #touch (peer: PeerName): number {
    const row = this.#index.get(peer) ?? this.#add(peer)
    this.#fade(row, this.#now())
    this.#changed.add(peer)
    return row
  }

  #add (peer: PeerName): number {
    if (this.#index.size >= this.#limit) this.#evict()
    const row = this.#rows.make()
    this.#rows.set(row, AT, this.#now())
    this.#rows.setFloat(row, SWARMS, SwarmAccounts.empty)
    this.#index.set(peer, row)
    this.#names[row] = peer
    return row
  }

  /** Of the next rows the one that tells least goes. A ban goes only when there is nothing but bans. */
  #evict (): void {
    const { length } = this.#names
    let least: PeerName | undefined
    let lowest = Infinity
    for (let looked = 0; looked < length && (looked < EVICT_SAMPLE || lowest >= BAN_VALUE); looked++) {
      this.#hand = (this.#hand + 1) % length
      const name = this.#names[this.#hand]
      const value = name === undefined ? Infinity : this.#value(this.#settled(name) as number)
      if (value >= lowest) continue
      least = name
      lowest = value
    }
    if (least !== undefined) this.#forget(least)
  }

  /** How much would be lost with a row. */
  #value (row: number): number {
    const rows = this.#rows
    const now = this.#now()
    if (rows.get(row, BANNED) > now) return BAN_VALUE + rows.get(row, BANNED) - now
    // a point of penalty tells as much as a megabyte
    return this.#left(row, now) * (rows.float(row, GIVEN) + rows.float(row, TAKEN) / 4 + rows.float(row, PENALTY) * 1e6)
  }

  #forget (peer: PeerName): void {
    const row = this.#index.get(peer) as number
    this.#swarms.drop(this.#rows.float(row, SWARMS))
    this.#rows.delete(row)
    this.#tallies.delete(peer)
    this.#index.delete(peer)
    this.#names[row] = undefined
    this.#changed.add(peer)
  }
}

/** Above all that bytes and penalties come to. */
const BAN_VALUE = 2 ** 60
