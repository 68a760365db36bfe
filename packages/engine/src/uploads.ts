import { TokenBucket, type Clock } from '@shoal/base'
import type { PeerName } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import { BusyShare } from './busy-share.js'
import { FairQueue } from './fair-queue.js'

interface Waiting {
  readonly bytes: number
  go: () => void
}

/** What all peers together get: a rate, shared frame by frame in proportion to each one's share. */
export class Uploads {
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #bucket: TokenBucket
  readonly #queue: FairQueue<Waiting>
  readonly #congestion = new BusyShare()
  readonly #pump = (): void => { this.#drain() }

  /** @param rate bytes per second. @param share of a peer, above 0 */
  constructor (rate: number, share: (peer: PeerName) => number, clock: Clock, alarm: Alarm) {
    this.#clock = clock
    this.#alarm = alarm
    this.#bucket = new TokenBucket(clock, rate)
    this.#queue = new FairQueue(share)
  }

  get rate (): number {
    return this.#bucket.rate
  }

  set rate (rate: number) {
    if (rate === this.#bucket.rate) return
    this.#bucket.rate = rate
    this.#drain()
  }

  /** More is asked for than the rate allows. */
  get busy (): boolean {
    return this.#queue.size > 0
  }

  /** Share of the last seconds in which that was so, 0 to 1. */
  get congestion (): number {
    return this.#congestion.at(this.#clock.now())
  }

  /** `undefined`: send now. Otherwise resolves when the rate allows it; rejects when the signal aborts. */
  acquire (peer: PeerName, bytes: number, signal: AbortSignal): Promise<void> | undefined {
    if (!this.busy && this.#bucket.take(bytes)) return undefined
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const entry: Waiting = { bytes, go: resolve }
    const abort = (): void => {
      this.#queue.delete(peer, entry)
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
    this.#queue.push(peer, entry)
    this.#drain()
    return promise
  }

  gone (peer: PeerName): void {
    this.#queue.forget(peer)
  }

  #drain (): void {
    for (;;) {
      const next = this.#queue.serve(({ bytes }) => this.#bucket.take(bytes))
      if (next === undefined) break
      next.go()
    }
    this.#congestion.set(this.busy, this.#clock.now())
    const wait = this.#bucket.wait()
    if (this.busy && wait !== Infinity) this.#alarm.soonest(this.#pump, this.#clock.now() + wait)
  }
}
