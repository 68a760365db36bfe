import { TokenBucket, type Clock } from '@shoal/base'
import type { PeerName } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import { SLOT_IDLE_MS, SLOT_TURN_MS } from './defaults.js'

interface Slot { since: number, used: number }

/**
 * What a node gives away: a rate shared by all, and slots. While no more peers ask than there are slots everybody is served; with more, the
 * peer served longest makes room for the one that waits longest.
 */
export class Uploads {
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #bucket: TokenBucket
  readonly #slots = new Map<PeerName, Slot>()
  /** Peers refused for want of a slot, in order. */
  readonly #waiting = new Map<PeerName, number>()
  readonly #queue: { bytes: number, go: () => void }[] = []
  readonly #limit: number
  readonly #changed: (peer: PeerName, choked: boolean) => void
  readonly #pump = (): void => { this.#drain() }
  readonly #turn = (): void => { this.#rotate() }

  constructor (init: { rate: number, slots: number, clock: Clock, alarm: Alarm, changed: (peer: PeerName, choked: boolean) => void }) {
    this.#clock = init.clock
    this.#alarm = init.alarm
    this.#limit = init.rate === 0 ? 0 : init.slots
    this.#changed = init.changed
    this.#bucket = new TokenBucket(init.clock, init.rate)
  }

  /** A request of this peer came in: has it a slot? */
  choked (peer: PeerName): boolean {
    const now = this.#clock.now()
    const slot = this.#slots.get(peer)
    if (slot !== undefined) {
      slot.used = now
      return false
    }
    if (this.#slots.size < this.#limit && this.#waiting.size === 0) {
      this.#slots.set(peer, { since: now, used: now })
      return false
    }
    if (!this.#waiting.has(peer)) this.#waiting.set(peer, now)
    if (this.#limit > 0) this.#alarm.soonest(this.#turn, now + 1000)
    return true
  }

  /** `undefined`: send now. Otherwise resolves when the rate allows it; rejects when the signal aborts. */
  acquire (peer: PeerName, bytes: number, signal: AbortSignal): Promise<void> | undefined {
    const slot = this.#slots.get(peer)
    if (slot !== undefined) slot.used = this.#clock.now()
    if (this.#queue.length === 0 && this.#bucket.take(bytes)) return undefined
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const entry = { bytes, go: resolve }
    const abort = (): void => {
      const at = this.#queue.indexOf(entry)
      if (at >= 0) this.#queue.splice(at, 1)
      reject(signal.reason as Error)
    }
    if (signal.aborted) {
      abort()
      return promise
    }
    signal.addEventListener('abort', abort, { once: true })
    entry.go = () => {
      signal.removeEventListener('abort', abort)
      resolve()
    }
    this.#queue.push(entry)
    this.#drain()
    return promise
  }

  gone (peer: PeerName): void {
    this.#slots.delete(peer)
    this.#waiting.delete(peer)
    if (this.#waiting.size > 0) this.#rotate()
  }

  #drain (): void {
    for (let head = this.#queue[0]; head !== undefined && this.#bucket.take(head.bytes); head = this.#queue[0]) {
      this.#queue.shift()
      head.go()
    }
    const wait = this.#bucket.wait()
    if (this.#queue.length > 0 && wait !== Infinity) this.#alarm.soonest(this.#pump, this.#clock.now() + wait)
  }

  #rotate (): void {
    const now = this.#clock.now()
    for (const [peer, slot] of this.#slots) if (now - slot.used > SLOT_IDLE_MS) this.#slots.delete(peer)
    if (this.#waiting.size > 0 && this.#slots.size >= this.#limit) {
      let longest: [PeerName, Slot] | undefined
      for (const entry of this.#slots) if (longest === undefined || entry[1].since < longest[1].since) longest = entry
      if (longest !== undefined && now - longest[1].since >= SLOT_TURN_MS) {
        this.#slots.delete(longest[0])
        this.#changed(longest[0], true)
      }
    }
    for (const peer of this.#waiting.keys()) {
      if (this.#slots.size >= this.#limit) break
      this.#waiting.delete(peer)
      this.#slots.set(peer, { since: now, used: now })
      this.#changed(peer, false)
    }
    if (this.#waiting.size > 0) this.#alarm.soonest(this.#turn, now + 1000)
  }
}
