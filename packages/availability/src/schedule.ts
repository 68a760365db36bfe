import type { Random } from '@shoal/base'
import { COPIES, ENVELOPE_BYTES, MAX_INTERVAL_MS, MIN_INTERVAL_MS } from './defaults.js'

/** Makes up for the timer reconsideration, which favours short intervals: e − 3/2 (RFC 3550 §6.3.1). */
const COMPENSATION = Math.E - 1.5

/**
 * Mean time in ms between the announcements of one peer, so that those of all peers together take `bytesPerSecond` of each peer's downlink,
 * whatever their number (RFC 3550 §6.2).
 */
export function announceInterval (peers: number, bytes: number, bytesPerSecond: number): number {
  const ms = peers * (bytes + ENVELOPE_BYTES) * COPIES * 1000 / bytesPerSecond
  return Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, ms))
}

/**
 * When a peer speaks: a random time around the mean interval, counted from the last announcement and drawn anew when it falls due, because
 * the swarm may have grown meanwhile (timer reconsideration, RFC 3550 §6.3.6). The first wait is half as long.
 */
export class Schedule {
  readonly #interval: () => number
  readonly #random: Random
  #last: number
  #first = true
  #hasty = false
  #dueAt: number

  /** @param interval the mean interval in ms as it is now */
  constructor (now: number, interval: () => number, random: Random) {
    this.#interval = interval
    this.#random = random
    this.#last = now
    this.#dueAt = now + this.#draw()
  }

  get dueAt (): number {
    return this.#dueAt
  }

  /** It is time: whether to speak now. If not, `dueAt` has moved. */
  due (now: number): boolean {
    const at = this.#last + this.#draw()
    if (at > now) {
      this.#dueAt = at
      return false
    }
    this.#last = now
    this.#first = this.#hasty = false
    this.#dueAt = now + this.#draw()
    return true
  }

  /** Speak as soon as the random interval ever allows. */
  hasten (now: number): void {
    this.#hasty = true
    this.#dueAt = Math.min(this.#dueAt, Math.max(now, this.#last + this.#draw()))
  }

  #draw (): number {
    const spread = this.#hasty ? 0.5 : 0.5 + this.#random()
    return this.#interval() * spread / COMPENSATION / (this.#first ? 2 : 1)
  }
}
