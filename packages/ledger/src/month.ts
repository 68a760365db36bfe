import type { Clock } from '@shoal/base'

/** What was given in a calendar month (UTC). */
export interface MonthRecord {
  /** `2026-11` */
  readonly month: string
  /** Bytes of blocks. */
  readonly bytes: number
}

const LOOK_MS = 1_000

/** Counts the bytes given in the calendar month, over restarts. */
export class Month {
  readonly #clock: Clock
  #month: string
  #bytes: number
  /** Until when the month that was last looked up lasts, wall clock; a clock that is set back is looked at again. */
  #from = Infinity
  #until = -Infinity
  #lookAt = -Infinity
  dirty = false

  constructor (clock: Clock, record?: MonthRecord) {
    this.#clock = clock
    this.#month = record?.month ?? ''
    this.#bytes = record?.bytes ?? 0
  }

  get bytes (): number {
    this.#turn()
    return this.#bytes
  }

  /** Returns the sum of the month. @param now ms on the clock: the calendar is looked at once a second */
  add (bytes: number, now: number): number {
    if (now >= this.#lookAt) {
      this.#turn()
      this.#lookAt = now + LOOK_MS
    }
    this.#bytes += bytes
    this.dirty = true
    return this.#bytes
  }

  /** When the next month begins, ms since 1970. */
  get end (): number {
    this.#turn()
    return this.#until
  }

  get record (): MonthRecord {
    return { month: this.#month, bytes: this.#bytes }
  }

  #turn (): void {
    const now = this.#clock.wall()
    if (now >= this.#from && now < this.#until) return
    const date = new Date(now)
    this.#from = Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
    this.#until = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
    const month = date.toISOString().slice(0, 7)
    if (month === this.#month) return
    this.#month = month
    this.#bytes = 0
    this.dirty = true
  }
}

const RECORD = /^(\d{4}-\d\d) (\d{1,16})$/

export function encodeMonth ({ month, bytes }: MonthRecord): Uint8Array {
  return new TextEncoder().encode(`${month} ${Math.round(bytes)}`)
}

/** `undefined` when it cannot be read: counted anew. */
export function decodeMonth (bytes: Uint8Array): MonthRecord | undefined {
  const [, month, sum] = RECORD.exec(new TextDecoder().decode(bytes)) ?? []
  return month === undefined || !Number.isSafeInteger(Number(sum)) ? undefined : { month, bytes: Number(sum) }
}
