import type { Clock } from '@shoal/base'
import type { LedgerEntry, PeerName } from '@shoal/interface'
import { Key, type Datastore } from 'interface-datastore'
import { Accounts } from './accounts.js'
import { decodeRecord, encodeRecord } from './codec.js'
import { LedgerError } from './errors.js'
import { decodeMonth, encodeMonth, Month, type MonthRecord } from './month.js'
import { score } from './score.js'
import type { Conditions, PeerRecord } from './types.js'

const PEERS = new Key('/shoal/ledger')
const MONTH = new Key('/shoal/upload')

const AT_REST: Conditions = { congestion: 0, popularity: 1, local: false }

export interface LedgerInit {
  readonly clock: Clock
  /** Where it is kept; without one it lasts as long as the node. Opened. */
  readonly datastore?: Datastore | undefined
  /** Peers remembered, at most 256 bytes each. @default 10000 */
  readonly limit?: number | undefined
}

/** What a node knows of its peers and gave this month, kept in a datastore. */
export class Ledger {
  readonly accounts: Accounts
  readonly month: Month
  /** What the scores go by now. */
  conditions: Conditions = AT_REST
  readonly #datastore: Datastore | undefined
  #flushing: Promise<void> | undefined

  constructor ({ clock, datastore, limit }: LedgerInit, month?: MonthRecord) {
    this.#datastore = datastore
    this.accounts = new Accounts(clock, limit)
    this.month = new Month(clock, month)
  }

  /** From −100, shut out, over 0, nothing known, towards 100. @param where what is known of the peer alone, beside the conditions of all */
  score (peer: PeerName, where: Partial<Pick<Conditions, 'local'>> = {}): number {
    return score(this.accounts.facts(peer), { ...this.conditions, ...where })
  }

  get entries (): LedgerEntry[] {
    return [...this.accounts.peers].map(peer => {
      const { received, sent, wasted, useful, corrupt, latency, bannedUntil, swarms } = this.accounts.record(peer) as PeerRecord
      const { given, taken, penalty, banned } = this.accounts.facts(peer)
      return {
        peer, score: this.score(peer), received, sent, useful, wasted, corrupt, given, taken, latency, penalty,
        bannedUntil: banned ? bannedUntil : undefined, swarms
      }
    })
  }

  /** Something would be lost if the process ended now. */
  get dirty (): boolean {
    return this.#datastore !== undefined && (this.accounts.dirty || this.month.dirty)
  }

  /** Writes what changed since the last time. @throws what the datastore throws: nothing is lost, the next flush tries again */
  async flush (): Promise<void> {
    await this.#flushing?.catch(() => {})
    this.#flushing = this.#flush()
    await this.#flushing
  }

  async #flush (): Promise<void> {
    if (this.#datastore === undefined || !this.dirty) return
    const batch = this.#datastore.batch()
    const changed = this.accounts.changes()
    for (const peer of changed) {
      const record = this.accounts.record(peer)
      const key = new Key(`${PEERS.toString()}/${peer}`, false)
      if (record === undefined) batch.delete(key)
      else batch.put(key, encodeRecord(record))
    }
    if (this.month.dirty) batch.put(MONTH, encodeMonth(this.month.record))
    this.month.dirty = false
    try {
      await batch.commit()
    } catch (error) {
      this.accounts.unwritten(changed)
      this.month.dirty = true
      throw error
    }
  }
}

/** A ledger with what an earlier run left in the datastore. Records that cannot be read are dropped. */
export async function openLedger (init: LedgerInit): Promise<Ledger> {
  const { datastore } = init
  if (datastore === undefined) return new Ledger(init)
  const ledger = new Ledger(init, await datastore.has(MONTH) ? decodeMonth(await datastore.get(MONTH)) : undefined)
  const bad: Key[] = []
  for await (const { key, value } of datastore.query({ prefix: PEERS.toString() })) {
    try {
      ledger.accounts.restore(key.name(), decodeRecord(value))
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error
      bad.push(key)
    }
  }
  for (const key of bad) await datastore.delete(key)
  return ledger
}
