import type { Clock } from '@shoal/base'
import { Heap } from './heap.js'

interface Timer { fn: (() => void) | undefined }

/**
 * Virtual time in steps of one tick. Timers are kept in slots, one for each tick in which something happens, so that setting one costs the
 * same whatever waits; within a slot they fire in the order in which they were set, and no earlier than they were asked for.
 */
export class VirtualClock implements Clock {
  readonly #tick: number
  readonly #epoch: number
  readonly #slots = new Map<number, Timer[]>()
  /** Numbers of the slots. */
  readonly #heap = new Heap<number>(slot => slot)
  #slot = 0
  #now = 0
  /** Timers that have fired. */
  events = 0

  /** @param tick ms. @param epoch wall-clock ms since 1970 at the beginning */
  constructor (tick = 1, epoch = 1_700_000_000_000) {
    this.#tick = tick
    this.#epoch = epoch
  }

  now (): number {
    return this.#now
  }

  wall (): number {
    return this.#epoch + this.#now
  }

  after (ms: number, fn: () => void): () => void {
    const timer = this.#set(this.#now + Math.max(0, ms), fn)
    return () => { timer.fn = undefined }
  }

  /** Calls `fn` at `time`, or with the next tick if that is over. */
  at (time: number, fn: () => void): void {
    this.#set(time, fn)
  }

  /**
   * Lets time pass up to `end`, or until `done`.
   *
   * @param drained resolves when all microtasks have run: asked after each slot
   */
  async run (end: number, drained: () => Promise<void>, done: () => boolean = () => false): Promise<void> {
    await drained()
    while (!done()) {
      const slot = this.#heap.first
      if (slot === undefined || slot * this.#tick > end) {
        this.#now = Math.max(this.#now, end)
        this.#slot = Math.max(this.#slot, Math.floor(end / this.#tick))
        return
      }
      this.#heap.pop()
      this.#slot = slot
      this.#now = slot * this.#tick
      const timers = this.#slots.get(slot) as Timer[]
      this.#slots.delete(slot)
      for (const { fn } of timers) {
        if (fn === undefined) continue
        this.events++
        fn()
      }
      await drained()
    }
  }

  #set (time: number, fn: () => void): Timer {
    const timer: Timer = { fn }
    // never into the slot that is being worked off: what happens takes time
    const slot = Math.max(this.#slot + 1, Math.ceil(time / this.#tick - 1e-9))
    const timers = this.#slots.get(slot)
    if (timers !== undefined) {
      timers.push(timer)
      return timer
    }
    this.#slots.set(slot, [timer])
    this.#heap.push(slot)
    return timer
  }
}
