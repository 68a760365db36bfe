import type { SwarmId } from '@shoal/interface'
import { SWARMS_PER_PEER } from './defaults.js'
import { Rows } from './rows.js'
import type { SwarmAccount } from './types.js'

const RECEIVED = 0
const SENT = 1
const SWARM = 0
const NEXT = 1
/** End of a list: row 0 is a row like any other. */
const NONE = -1

/**
 * Bytes by peer and swarm: a short list for each peer, the latest swarm first. The caller keeps the head of each list.
 */
export class SwarmAccounts {
  readonly #rows = new Rows(2, 2)
  readonly #limit: number
  readonly #numbers = new Map<SwarmId, number>()
  readonly #swarms: { id: SwarmId, accounts: number }[] = []
  readonly #unused: number[] = []
  #size = 0

  /** @param limit of accounts, all peers together */
  constructor (limit: number) {
    this.#limit = limit
  }

  static readonly empty = NONE

  /** Counts bytes either way. Returns the head of the list from now on. */
  count (head: number, swarm: SwarmId, received: number, sent: number): number {
    const number = this.#numbers.get(swarm)
    let before = NONE
    let length = 0
    for (let row = head; row !== NONE; before = row, row = this.#rows.float(row, NEXT)) {
      length++
      if (this.#rows.float(row, SWARM) !== number) continue
      this.#add(row, received, sent)
      if (before === NONE) return head
      this.#rows.setFloat(before, NEXT, this.#rows.float(row, NEXT))
      this.#rows.setFloat(row, NEXT, head)
      return row
    }
    // the one not met for longest makes room
    if (length > 0 && (length >= SWARMS_PER_PEER || this.#size >= this.#limit)) head = this.#dropLast(head)
    if (this.#size >= this.#limit) return head
    this.#size++
    const row = this.#rows.make()
    this.#rows.setFloat(row, SWARM, this.#number(swarm))
    this.#rows.setFloat(row, NEXT, head)
    this.#add(row, received, sent)
    return row
  }

  of (head: number): SwarmAccount[] {
    const accounts: SwarmAccount[] = []
    for (let row = head; row !== NONE; row = this.#rows.float(row, NEXT)) {
      const { id } = this.#swarms[this.#rows.float(row, SWARM)] as { id: SwarmId }
      accounts.push({ swarm: id, received: this.#rows.get(row, RECEIVED), sent: this.#rows.get(row, SENT) })
    }
    return accounts
  }

  drop (head: number): void {
    while (head !== NONE) {
      const next = this.#rows.float(head, NEXT)
      this.#delete(head)
      head = next
    }
  }

  #add (row: number, received: number, sent: number): void {
    this.#rows.add(row, RECEIVED, received)
    this.#rows.add(row, SENT, sent)
  }

  #dropLast (head: number): number {
    let before = NONE
    let last = head
    for (let next = this.#rows.float(last, NEXT); next !== NONE; next = this.#rows.float(last, NEXT)) {
      before = last
      last = next
    }
    this.#delete(last)
    if (before === NONE) return NONE
    this.#rows.setFloat(before, NEXT, NONE)
    return head
  }

  #delete (row: number): void {
    const number = this.#rows.float(row, SWARM)
    const swarm = this.#swarms[number] as { id: SwarmId, accounts: number }
    if (--swarm.accounts === 0) {
      this.#numbers.delete(swarm.id)
      this.#unused.push(number)
    }
    this.#rows.delete(row)
    this.#size--
  }

  #number (swarm: SwarmId): number {
    let number = this.#numbers.get(swarm)
    if (number === undefined) {
      number = this.#unused.pop() ?? this.#swarms.length
      this.#swarms[number] = { id: swarm, accounts: 0 }
      this.#numbers.set(swarm, number)
    }
    (this.#swarms[number] as { accounts: number }).accounts++
    return number
  }
}
