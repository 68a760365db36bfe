/** Who comes, goes, sleeps and is lost, and when: by a seed, as far as machines let anything repeat itself. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '@shoal/base'
import type { Member } from './members.ts'

/** From one disturbance to the next, on average. */
const EVERY_MS = 8_000
const SLEEP_MS = [1_000, 20_000] as const
const AWAY_MS = [500, 15_000] as const
const SLEEP_SHARE = 0.4
const RESTART_SHARE = 0.25

export class Disturbance {
  readonly counts = { joins: 0, leaves: 0, sleeps: 0, restarts: 0 }
  /** Members that ended by themselves, or did not come back. */
  readonly lost: string[] = []
  readonly #members: readonly Member[]
  readonly #random: Random
  readonly #busy = new Set<Member>()

  constructor (members: readonly Member[], random: Random) {
    this.#members = members
    this.#random = random
  }

  /** Resolves when all who were disturbed are back. */
  async run (end: AbortSignal): Promise<void> {
    const under: Promise<void>[] = []
    while (!end.aborted) {
      await sleep(-Math.log(1 - this.#random()) * EVERY_MS, undefined, { signal: end }).catch(() => {})
      const at = Math.floor(this.#random() * this.#members.length)
      const member = this.#members[at] as Member
      const what = this.#random()
      const long = this.#random()
      if (end.aborted || this.#busy.has(member)) continue
      this.#busy.add(member)
      under.push(this.#disturb(member, at % 2 === 0, what, long).catch((error: unknown) => {
        this.lost.push(`${member.name}: ${(error as Error).message}`)
      }).finally(() => { this.#busy.delete(member) }))
    }
    await Promise.all(under)
  }

  async #disturb (member: Member, lasting: boolean, what: number, long: number): Promise<void> {
    const between = ([least, most]: readonly [number, number]): number => least + long * (most - least)
    if (what < SLEEP_SHARE) {
      this.counts.sleeps++
      await member.sleep(between(SLEEP_MS))
    } else if (!lasting && what < SLEEP_SHARE + RESTART_SHARE) {
      this.counts.restarts++
      await member.restart()
    } else {
      this.counts.leaves++
      await member.leave()
      await sleep(between(AWAY_MS))
      await member.join()
      this.counts.joins++
    }
  }
}
